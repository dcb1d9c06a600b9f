// CAP files (Java Card VM specification chapter 6): what is in them, and the load file data block that LOAD carries
// (GPCS 11.6, C.1). Components are opened by zip.h, strictly.
//
// Immutable after parse(): share freely.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace cw::gp {

struct CapImport {
  Bytes aid{};
  uint8_t major = 0;
  uint8_t minor = 0;
};

struct CapComponent {
  std::string name{};  // "Header", "Applet", ...
  uint8_t tag = 0;     // table 6-3 of the JCVM specification
  Bytes content{};     // with its tag and length
};

class CapFile {
 public:
  /// A CAP (ZIP) or IJC (components joined) file. `origin` names it in errors.
  /// Raises cap: what is wrong and where; nothing is inflated beyond 16 MiB, no entry name leaves its folder.
  static CapFile parse(ByteView file, std::string_view origin);

  const std::string& format_version() const { return format_version_; }  // "2.1", "2.3"
  bool extended() const { return extended_; }                            // Java Card 3.1 extended format
  const Bytes& package_aid() const { return package_aid_; }              // 5..16 bytes
  uint8_t package_major() const { return package_major_; }
  uint8_t package_minor() const { return package_minor_; }
  uint8_t flags() const { return flags_; }
  const std::string& package_name() const { return package_name_; }  // may be empty
  const std::vector<Bytes>& applets() const { return applets_; }     // class AIDs
  const std::vector<CapImport>& imports() const { return imports_; }
  const std::vector<CapComponent>& components() const { return components_; }  // in the order of the file

  /// Components in load order joined, without C4: what the hash is over. With or without the Descriptor component:
  /// tools differ, and it changes the hash; without is what the runtime sends by default. Debug is never in it.
  Bytes load_file_data_block(bool with_descriptor = false) const;
  /// C4 and the length in BER.
  static Bytes c4_header(size_t block_size);
  Bytes hash(crypto::Hash hash, bool with_descriptor = false) const;

 private:
  std::string format_version_;
  bool extended_ = false;
  Bytes package_aid_;
  uint8_t package_major_ = 0;
  uint8_t package_minor_ = 0;
  uint8_t flags_ = 0;
  std::string package_name_;
  std::vector<Bytes> applets_;
  std::vector<CapImport> imports_;
  std::vector<CapComponent> components_;
};

}  // namespace cw::gp
