#include "gp/cap_file_components.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::gp {

namespace {

constexpr uint32_t kMagic = 0xDECAFFED;
constexpr uint8_t kAccExtended = 0x08;

// Load order first (JCVM table 6-3; Static Resources from 3.1), then Debug, which never leaves the desk.
constexpr CapComponentKind kKinds[] = {
    {"Header", 0x01, false},      {"Directory", 0x02, false},      {"Import", 0x04, false},
    {"Applet", 0x03, false},      {"Class", 0x06, false},          {"Method", 0x07, true},
    {"StaticField", 0x08, false}, {"Export", 0x0A, false},         {"ConstantPool", 0x05, false},
    {"RefLocation", 0x09, true},  {"StaticResources", 0x0D, true}, {"Descriptor", 0x0B, true},
    {"Debug", 0x0C, true},
};
constexpr size_t kLoaded = std::size(kKinds) - 1;

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Reads one component's fields in order; running out names the component.
class Fields {
 public:
  Fields(ByteView component, std::string_view name) : rest_(component), name_(name) {
    const CapComponentKind& kind = *cap_component_kind(name);
    if (number(1) != kind.tag) fail("its tag is not " + to_hex(kind.tag));
    const size_t size = number(2);
    if (size != rest_.size()) {
      fail("its length says " + std::to_string(size) + " bytes, " + std::to_string(rest_.size()) + " follow");
    }
  }

  uint32_t number(size_t width) { return static_cast<uint32_t>(read_be(take(width))); }
  uint8_t byte() { return take(1)[0]; }

  ByteView take(size_t count) {
    if (count > rest_.size()) fail("it ends in the middle of a field");
    const ByteView out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }

  Bytes aid() {
    const size_t size = byte();
    if (size < 5 || size > 16) fail("an AID of " + std::to_string(size) + " bytes, 5 to 16 are allowed");
    return to_bytes(take(size));
  }

  bool done() const { return rest_.empty(); }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::cap, "component " + std::string(name_) + ": " + what + "; convert the applet again");
  }

 private:
  ByteView rest_;
  std::string_view name_;
};

}  // namespace

std::span<const CapComponentKind> cap_load_order() { return std::span(kKinds).first(kLoaded); }

const CapComponentKind* cap_component_kind(std::string_view name) {
  for (const CapComponentKind& kind : kKinds) {
    if (same_name(kind.name, name)) return &kind;
  }
  return nullptr;
}

const CapComponentKind* cap_component_kind(uint8_t tag) {
  for (const CapComponentKind& kind : kKinds) {
    if (kind.tag == tag) return &kind;
  }
  return nullptr;
}

size_t cap_prefix_size(const CapComponentKind& kind, bool extended) {
  // Static Resources came with 3.1 and has the long form only (JCVM 3.1, 6.16).
  const bool wide = kind.tag == 0x0D || (extended && kind.wide_if_extended);
  return wide ? 5 : 3;
}

CapHeader parse_cap_header(ByteView component) {
  Fields fields(component, "Header");
  if (fields.number(4) != kMagic) fields.fail("does not begin with DECAFFED");
  CapHeader out;
  out.format_minor = fields.byte();
  out.format_major = fields.byte();
  out.flags = fields.byte();
  out.extended = (out.flags & kAccExtended) != 0;
  if (out.format_major != 2) {
    fields.fail("CAP format " + std::to_string(out.format_major) + "." + std::to_string(out.format_minor) +
                ", known are 2.1 to 2.3");
  }
  out.package_minor = fields.byte();
  out.package_major = fields.byte();
  out.package_aid = fields.aid();
  // In the extended format the public packages follow, each with version and AID (JCVM 3.1, 6.4); nothing of them is
  // needed to load.
  if (!out.extended && !fields.done()) out.package_name = to_string(fields.take(fields.byte()));
  return out;
}

std::vector<CapImport> parse_cap_import(ByteView component) {
  Fields fields(component, "Import");
  std::vector<CapImport> out(fields.byte());
  for (CapImport& import : out) {
    import.minor = fields.byte();
    import.major = fields.byte();
    import.aid = fields.aid();
  }
  if (!fields.done()) fields.fail("bytes are left behind the last package");
  return out;
}

std::vector<Bytes> parse_cap_applet(ByteView component, bool extended) {
  Fields fields(component, "Applet");
  std::vector<Bytes> out(fields.byte());
  for (Bytes& aid : out) {
    aid = fields.aid();
    fields.take(extended ? 3 : 2);  // install_method_offset, behind the number of its method block
  }
  if (!fields.done()) fields.fail("bytes are left behind the last applet");
  return out;
}

std::vector<CapComponentSize> parse_cap_directory(ByteView component, const CapHeader& header) {
  Fields fields(component, "Directory");
  // One size for each tag, from 1 on: 11 in format 2.1, Debug from 2.2, Static Resources from 2.3 (JCVM 6.4).
  const uint8_t last_tag = header.format_minor >= 3 ? 0x0D : header.format_minor == 2 ? 0x0C : 0x0B;
  std::array<size_t, 0x0E> sizes{};
  for (uint8_t tag = 1; tag <= last_tag; ++tag) {
    const size_t prefix = cap_prefix_size(*cap_component_kind(tag), header.extended);
    const size_t info = fields.number(prefix - 1);
    if (info != 0) sizes[tag] = info + prefix;
  }
  std::vector<CapComponentSize> out;
  for (const CapComponentKind& kind : kKinds) {
    if (sizes[kind.tag] != 0) out.push_back({&kind, sizes[kind.tag]});
  }
  return out;
}

}  // namespace cw::gp
