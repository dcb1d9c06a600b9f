// What differs between card products, as plain data: what the simulated card does, and what a host must know to talk
// to such a card. A value that somebody saw on a real card carries a citation (repository#issue or file). Any other is
// that of "generic", or the simulator's own choice and named so in the flavor's `own_choices`.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::se {

/// Where a value of a flavor was seen.
struct Citation {
  std::string what{};
  std::string source{};
};

/// Three secure channel keys that a card leaves the factory with. They are published test keys.
struct FactoryKeys {
  uint8_t version = 0;
  uint8_t type = 0x88;  // 80 DES, 88 AES (GPCS table 11-16); the protocol follows: SCP02 for DES, SCP03 for AES
  Bytes enc{};
  Bytes mac{};
  Bytes dek{};
};

/// How a card counts authentication attempts before it blocks.
struct AuthCounter {
  enum class On : uint8_t { failed_authentication, initialize_update };
  enum class Scope : uint8_t { key_version, domain, card };
  On on = On::failed_authentication;
  Scope scope = Scope::key_version;
  unsigned limit = 0;    // 0: never blocks
  bool set_back = true;  // an authentication that succeeds begins the count anew
};

enum class AraM : uint8_t { absent, package, installed };

struct Flavor {
  std::string name{};
  std::string summary{};
  std::vector<Citation> citations{};
  std::vector<std::string> own_choices{};  // values that nobody is cited for

  // Identity.
  Bytes atr{};
  Bytes isd_aid{};
  uint8_t card_state = 0x01;  // GPCS table 11-6; leaves the factory OP_READY
  uint32_t isd_privileges = 0x9EFE80;
  Bytes fci_proprietary{};                        // inside A5 of the answer to SELECT
  Bytes diversification_data{};                   // 10 bytes: INITIALIZE UPDATE and GET DATA CF
  Bytes cplc{};                                   // value of 9F7F, empty: 6A88
  Bytes iin{};                                    // value of 42
  Bytes cin{};                                    // value of 45
  std::array<uint8_t, 3> gp_version = {2, 3, 1};  // in 66 (GPCS H.2)
  Bytes card_data{};                              // whole 66, empty: made from version and protocols
  Bytes capabilities{};                           // whole 67, empty: 6A88

  // Secure channels.
  std::vector<FactoryKeys> keys{};  // the first is what key version 00 means
  // Options `i` of each protocol; absent: the card does not have it.
  std::optional<uint8_t> scp02_i = uint8_t{0x55};  // 15, 35, 55 or 75
  std::optional<uint8_t> scp03_i = uint8_t{0x70};  // 00, 10, 20, 30, 60 or 70; + 01: S16
  bool encrypt_empty_data = false;                 // SCP03 C-ENC: empty data is one padded block
  AuthCounter auth_counter{};

  // Card content management.
  Bytes ssd_package{};  // in ROM: what security domains are made from
  Bytes ssd_module{};
  // False: INSTALL, LOAD and DELETE of objects answer 6D00, no package for security domains is listed, and GET DATA
  // FF21 answers 6A88.
  bool content_management = true;
  bool install_for_personalization = true;  // false: 6A86
  bool delete_cascade = true;               // DELETE with P2 80; false: 6A86
  bool delete_key_by_id = true;             // DELETE with D0; false: 6A88, only whole key versions go
  bool refuses_padded_privileges = false;   // three bytes where one would do: 6A80
  bool list_modules = true;                 // GET STATUS P1 10; false: 6A81
  bool list_tlv = true;                     // GET STATUS P2 b2; false: 6A86, only the legacy format
  bool list_splits_entries = false;         // 6310 may cut inside an E3 entry
  bool store_data_wants_format = false;     // STORE DATA P1 must name DGI or BER-TLV coding, else 6A80
  bool answers_mf_select = false;           // SELECT by file identifier 3F00
  AraM ara_m = AraM::package;
  unsigned load_failures = 0;         // failed loads and tokens in a row that lock the card (GPCS 9.6.7.1); 0: none
  bool receipts_have_digest = false;  // a confirmation carries the digest of what the token signs (GPCS 11.1.6)

  // Resources.
  size_t nvm_bytes = 256 * 1024;
  size_t ram_bytes = 8 * 1024;
  size_t load_block = 255;  // largest data field of one LOAD, as it arrives
  unsigned channels = 20;   // logical channels, the basic one included

  // For the host: what a flow reads from run.flavor.
  Bytes ssd_aid{};                  // for the demo's own security domain
  uint8_t privilege_length = 3;     // bytes to write privileges with
  uint8_t store_data_p1 = 0x90;     // last block, BER-TLV; what this card takes for its data objects
  unsigned longest_answer_s = 304;  // to any one command; a host waits longer before it calls the card dead
};

/// Raises usage: no such flavor; the message names the nearest ones.
const Flavor& flavor(std::string_view name);

/// "generic" first.
std::vector<std::string> flavor_names();

}  // namespace cw::se
