// Single components of a CAP file (JCVM specification 6.3 to 6.7): small parsers, each of one component with its tag
// and length. CapFile is built from them.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "gp/cap_file.h"

namespace cw::gp {

/// A kind of component: its name in the archive, its tag (table 6-1).
struct CapComponentKind {
  std::string_view name;
  uint8_t tag;
  bool wide_if_extended;  // 4-byte length, file name .capx, when the CAP file is in the extended format (JC 3.1)
};

/// All kinds in the load order of JCVM table 6-3, Descriptor last; Debug is not loaded and not among them.
std::span<const CapComponentKind> cap_load_order();
/// The kind with this name, in any case (6.1.1), or tag; Debug too. nullptr: no such.
const CapComponentKind* cap_component_kind(std::string_view name);
const CapComponentKind* cap_component_kind(uint8_t tag);

/// Bytes of tag and length.
size_t cap_prefix_size(const CapComponentKind& kind, bool extended);

struct CapHeader {
  uint8_t format_major = 0;
  uint8_t format_minor = 0;
  uint8_t flags = 0;  // 01 int, 02 export, 04 applet, 08 extended
  bool extended = false;
  uint8_t package_major = 0;  // of the CAP itself in the extended format
  uint8_t package_minor = 0;
  Bytes package_aid{};
  std::string package_name{};  // from 2.2 on, and only of packages with remote classes
};

/// All raise cap: cut short, another tag, a length that lies, an AID that is none.
CapHeader parse_cap_header(ByteView component);
std::vector<CapImport> parse_cap_import(ByteView component);
std::vector<Bytes> parse_cap_applet(ByteView component, bool extended = false);

struct CapComponentSize {
  const CapComponentKind* kind = nullptr;
  size_t size = 0;  // with tag and length; as the component travels
};

/// Sizes that the Directory component states, in load order and with Descriptor; absent components left out.
std::vector<CapComponentSize> parse_cap_directory(ByteView component, const CapHeader& header);

}  // namespace cw::gp
