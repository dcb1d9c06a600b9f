// What the card reads from a load file: a sequence of CAP components (Java Card VM specification, chapter 6), of which
// it looks into Header, Applet and Import.
#include "content_private.h"

namespace cw::se {
namespace {

constexpr uint8_t kHeader = 1;
constexpr uint8_t kApplet = 3;
constexpr uint8_t kImport = 4;
constexpr uint8_t kLastStandardTag = 14;  // 128 and above: custom components
constexpr uint8_t kStaticResources = 13;
constexpr uint32_t kMagic = 0xDECAFFED;
constexpr uint8_t kExtendedFormat = 0x08;  // of the Header's flags, from Java Card 3.1 on

// Packages of the platform, by the beginning of their AID: they are in ROM and in no registry.
constexpr std::array<std::array<uint8_t, 5>, 5> kPlatform = {{
    {0xA0, 0x00, 0x00, 0x00, 0x62},  // Java Card
    {0xA0, 0x00, 0x00, 0x01, 0x51},  // GlobalPlatform
    {0xA0, 0x00, 0x00, 0x00, 0x03},  // GlobalPlatform before 2.2
    {0xA0, 0x00, 0x00, 0x00, 0x09},  // ETSI
    {0xA0, 0x00, 0x00, 0x00, 0x87},  // 3GPP
}};

bool is_platform(ByteView aid) {
  return std::any_of(kPlatform.begin(), kPlatform.end(),
                     [&](const auto& prefix) { return aid.size() >= 5 && equal(aid.first(5), prefix); });
}

class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}
  ByteView take(size_t count) {
    if (count > rest_.size()) refuse(sw::kWrongData, "a component of the load file is cut");
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  uint32_t number(size_t bytes) { return static_cast<uint32_t>(read_be(take(bytes))); }
  bool done() const { return rest_.empty(); }

 private:
  ByteView rest_;
};

// Components whose length takes four bytes instead of two: in the extended format those that grow with the code
// (Method, Reference Location, Descriptor, Debug), and Static Resources, which the compact format does not have.
bool is_long(uint8_t tag, bool extended) {
  constexpr std::array<uint8_t, 4> kGrowing = {7, 9, 11, 12};
  return tag == kStaticResources || (extended && std::find(kGrowing.begin(), kGrowing.end(), tag) != kGrowing.end());
}

// Header component: magic, format version, flags, then version (minor, major) and AID of the package, in the extended
// format of the CAP file, whose packages follow. Gives whether the format is the extended one.
bool read_header(Cursor component, const Load& load, LoadFile& file) {
  if (component.number(4) != kMagic) refuse(sw::kWrongData, "the Header component is not one");
  component.take(2);
  const uint32_t flags = component.number(1);
  const uint32_t minor = component.number(1);
  const uint32_t major = component.number(1);
  file.version = u16(major << 8 | minor);
  const ByteView aid = component.take(component.number(1));
  if (!equal(aid, load.aid))
    refuse(sw::kWrongData, "the load file holds another package than INSTALL [for load] named");
  return (flags & kExtendedFormat) != 0;
}

void read_applets(Cursor component, bool extended, LoadFile& file) {
  const uint32_t count = component.number(1);
  for (uint32_t at = 0; at < count; ++at) {
    file.modules.push_back(checked_aid(component.take(component.number(1))));
    component.take(extended ? 3 : 2);  // where its install method is; in the extended format, in which block too
  }
}

void read_imports(Cursor component, const Nvm& nvm, LoadFile& file) {
  const uint32_t count = component.number(1);
  for (uint32_t at = 0; at < count; ++at) {
    component.take(2);  // version
    const ByteView aid = component.take(component.number(1));
    if (is_platform(aid)) continue;
    if (find_load_file(nvm, aid) == nullptr) refuse(sw::kWrongData, "the load file imports a package that is not here");
    file.imports.push_back(to_bytes(aid));
  }
}

}  // namespace

LoadFile read_load_file(const Load& load, const Nvm& nvm) {
  LoadFile file;
  file.aid = load.aid;
  file.domain = load.domain;
  file.code = load.code;
  Cursor all(*load.code);
  bool has_header = false;
  bool extended = false;
  while (!all.done()) {
    const uint8_t tag = u8(all.number(1));
    const ByteView component = all.take(all.number(is_long(tag, extended) ? 4 : 2));
    if (tag == 0 || (tag > kLastStandardTag && tag < 128)) refuse(sw::kWrongData, "no component has this tag");
    if (tag == kHeader) {
      if (has_header) refuse(sw::kWrongData, "two Header components");
      has_header = true;
      extended = read_header(Cursor(component), load, file);
    }
    if (tag == kApplet) read_applets(Cursor(component), extended, file);
    if (tag == kImport) read_imports(Cursor(component), nvm, file);
  }
  if (!has_header) refuse(sw::kWrongData, "a load file without Header component");
  return file;
}

}  // namespace cw::se
