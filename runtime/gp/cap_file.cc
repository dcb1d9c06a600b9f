#include "gp/cap_file.h"

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"
#include "gp/cap_file_components.h"
#include "gp/zip.h"

namespace cw::gp {

namespace {

constexpr uint8_t kDescriptor = 0x0B;
constexpr uint8_t kDebug = 0x0C;
constexpr size_t kMaxBlock = 16u << 20;

using Components = std::vector<CapComponent>;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::cap, what); }

const CapComponent* component_with(const Components& components, uint8_t tag) {
  for (const CapComponent& component : components) {
    if (component.tag == tag) return &component;
  }
  return nullptr;
}

const CapComponent& required(const Components& components, uint8_t tag) {
  const CapComponent* found = component_with(components, tag);
  if (found == nullptr) {
    refuse("no " + std::string(cap_component_kind(tag)->name) + " component: not a CAP file, or half of one");
  }
  return *found;
}

/// What stands between the last '/' and the '.', if the entry is "<folder>/javacard/<name>.cap" or .capx (JCVM 6.1.1).
struct Place {
  std::string folder{};
  std::string name{};
};

std::optional<Place> component_place(std::string_view entry) {
  const size_t slash = entry.rfind('/');
  const size_t dot = entry.rfind('.');
  if (slash == std::string_view::npos || dot == std::string_view::npos || dot < slash) return std::nullopt;
  std::string suffix(entry.substr(dot));
  for (char& c : suffix) c = static_cast<char>(c | 0x20);  // ".CAP" too; '.' has that bit already
  const std::string_view folder = entry.substr(0, slash);
  if ((suffix != ".cap" && suffix != ".capx") || !folder.ends_with("javacard")) return std::nullopt;
  return Place{std::string(folder), std::string(entry.substr(slash + 1, dot - slash - 1))};
}

Components components_of_zip(ByteView file, std::string_view origin, std::string& package_folder) {
  Components out;
  for (ZipEntry& entry : read_zip(file, origin)) {
    const auto place = component_place(entry.name);
    if (!place) continue;  // manifest, classes, sources: not for the card
    if (!out.empty() && place->folder != package_folder) {
      refuse("components in two folders, " + package_folder + " and " + place->folder + "; load one package at a time");
    }
    package_folder = place->folder;
    const CapComponentKind* kind = cap_component_kind(place->name);
    if (kind == nullptr)
      refuse("component " + place->name + " is not one of the standard; custom components cannot be loaded");
    if (component_with(out, kind->tag) != nullptr) refuse("component " + place->name + " is there twice");
    if (entry.content.empty() || entry.content[0] != kind->tag) {
      refuse("component " + place->name + " does not begin with its tag " + to_hex(kind->tag));
    }
    out.push_back({std::string(kind->name), kind->tag, std::move(entry.content)});
  }
  return out;
}

/// IJC: the components of a package joined, in load order, without the archive.
Components components_of_ijc(ByteView file) {
  if (file.size() < 11 || file[0] != 0x01 || read_be(file.subspan(3, 4)) != 0xDECAFFED) {
    // Nothing of the content is shown: a file given by mistake may be a secret.
    refuse("neither a ZIP archive nor joined components (IJC); give the .cap file that the converter wrote");
  }
  const bool extended = (file[9] & 0x08) != 0;
  Components out;
  for (ByteView rest = file; !rest.empty();) {
    const CapComponentKind* kind = cap_component_kind(rest[0]);
    if (kind == nullptr)
      refuse("unknown component tag " + to_hex(rest[0]) + " at byte " + std::to_string(file.size() - rest.size()));
    if (component_with(out, kind->tag) != nullptr) refuse("component " + std::string(kind->name) + " is there twice");
    const size_t prefix = cap_prefix_size(*kind, extended);
    if (rest.size() < prefix) refuse("the file ends in the length of component " + std::string(kind->name));
    const size_t info = read_be(rest.subspan(1, prefix - 1));
    if (info > rest.size() - prefix) {
      refuse("component " + std::string(kind->name) + " says " + std::to_string(info) + " bytes, " +
             std::to_string(rest.size() - prefix) + " are left; the file was cut");
    }
    out.push_back({std::string(kind->name), kind->tag, to_bytes(rest.first(prefix + info))});
    rest = rest.subspan(prefix + info);
  }
  return out;
}

/// Each component is as long as it says and as the Directory says; the Directory names no other (JCVM 6.4).
void check_sizes(const Components& components, const CapHeader& header) {
  for (const CapComponent& component : components) {
    const size_t prefix = cap_prefix_size(*cap_component_kind(component.tag), header.extended);
    const size_t size = component.content.size();
    if (size < prefix || read_be(ByteView(component.content).subspan(1, prefix - 1)) != size - prefix) {
      refuse("component " + component.name + ": its length and its " + std::to_string(size) + " bytes do not agree");
    }
  }
  const auto sizes = parse_cap_directory(required(components, 0x02).content, header);
  for (const CapComponentSize& stated : sizes) {
    const CapComponent* component = component_with(components, stated.kind->tag);
    if (component == nullptr && stated.kind->tag == kDebug) continue;  // often stripped after converting
    if (component == nullptr)
      refuse("component " + std::string(stated.kind->name) + " is missing, the Directory lists it");
    if (component->content.size() != stated.size) {
      refuse("component " + component->name + " has " + std::to_string(component->content.size()) +
             " bytes, the Directory says " + std::to_string(stated.size) + "; convert the applet again");
    }
  }
  for (const CapComponent& component : components) {
    const bool listed = std::any_of(sizes.begin(), sizes.end(),
                                    [&](const CapComponentSize& s) { return s.kind->tag == component.tag; });
    if (!listed) refuse("component " + component.name + " is not in the Directory; convert the applet again");
  }
}

std::string dotted(std::string_view folder) {
  constexpr std::string_view kLast = "/javacard";
  std::string out(folder.ends_with(kLast) ? folder.substr(0, folder.size() - kLast.size()) : std::string_view());
  std::replace(out.begin(), out.end(), '/', '.');
  return out;
}

}  // namespace

CapFile CapFile::parse(ByteView file, std::string_view origin) {
  try {
    CapFile out;
    std::string folder;
    out.components_ = looks_like_zip(file) ? components_of_zip(file, "archive", folder) : components_of_ijc(file);
    const CapHeader header = parse_cap_header(required(out.components_, 0x01).content);
    check_sizes(out.components_, header);

    out.format_version_ = std::to_string(header.format_major) + "." + std::to_string(header.format_minor);
    out.extended_ = header.extended;
    out.package_aid_ = header.package_aid;
    out.package_major_ = header.package_major;
    out.package_minor_ = header.package_minor;
    out.flags_ = header.flags;
    out.package_name_ = header.package_name.empty() ? dotted(folder) : header.package_name;
    out.imports_ = parse_cap_import(required(out.components_, 0x04).content);
    required(out.components_, 0x07);  // Method: without it there is nothing to run
    if (const CapComponent* applet = component_with(out.components_, 0x03)) {
      out.applets_ = parse_cap_applet(applet->content, header.extended);
    }
    return out;
  } catch (const Error& error) {
    throw error.within("reading " + std::string(origin));
  }
}

Bytes CapFile::load_file_data_block(bool with_descriptor) const {
  Bytes out;
  for (const CapComponentKind& kind : cap_load_order()) {
    if (kind.tag == kDescriptor && !with_descriptor) continue;
    if (const CapComponent* component = component_with(components_, kind.tag)) append(out, component->content);
  }
  return out;
}

Bytes CapFile::c4_header(size_t block_size) {
  if (block_size > kMaxBlock) {
    throw Error(ErrorKind::usage, "a load file data block of " + std::to_string(block_size) + " bytes fits on no card");
  }
  return concat({card::tag_bytes(0xC4), card::ber_length(block_size)});
}

Bytes CapFile::hash(crypto::Hash hash, bool with_descriptor) const {
  return crypto::digest(hash, load_file_data_block(with_descriptor));
}

}  // namespace cw::gp
