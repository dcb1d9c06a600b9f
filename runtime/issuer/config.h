// What the issuer's side is told in its file: JSON, comments allowed. Checked in full before anything starts, so that
// one look shows all that is wrong. `cardwright sei --demo DIR` writes one.
//
// Plain values.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "issuer/faults.h"
#include "net/tls_setup.h"

namespace cw::issuer {

/// Secure channel protocol and its options as scpConfig writes them: "0255" is SCP02 with i = 55.
struct ScpConfig {
  uint8_t scp = 0;
  uint8_t i = 0;

  /// Nothing: not four hexadecimal digits, or a protocol other than 02 and 03.
  static std::optional<ScpConfig> parse(std::string_view text);
  std::string text() const;
  bool operator==(const ScpConfig&) const = default;
};

/// Who may ask, and for what.
struct Tenant {
  std::string id{};
  std::string subject{};   // of its client certificate, as in CN=acme,O=Acme; empty only without TLS
  std::string callback{};  // where its /sp/v1/... are; empty: nothing is pushed
  std::string ca_file{};   // who may vouch for the callback's server
  std::string revoked{};   // their revocation lists; empty: none is asked
  std::string certificate{};
  std::string key{};
  std::string transport_key{};  // wraps the keys that go to it
  std::string key_wrap{};       // aes-key-wrap, aes-cbc, des-ecb
  std::string message_key{};    // signs what goes to it, and must sign what comes from it; empty: neither
  std::string receipt_key{};    // checks its receipts for keys; empty: they are not checked
  std::vector<Bytes> aids{};    // beginnings of the AIDs that are its own
  bool delegated = false;       // may have SSDs with Delegated Management
  bool authorized = false;      // and with Authorized Management
  bool dap = false;             // and with DAP Verification
};

/// How the parameters of a new SSD tell its protocol.
enum class ProtocolForm : uint8_t {
  tlv,    // C9 { 81 02 SS II }: GP UICC Configuration 4.3.2
  old,    // C9 01 II: before it
  empty,  // C9 00
};

/// A product, and the cards of it.
struct CardProfile {
  std::string name{};
  std::vector<std::string> se_ids{};  // whole, or a beginning followed by *
  Bytes isd_aid{};
  std::string keys{};              // key set of the ISD
  std::optional<ScpConfig> scp{};  // what the ISD has to offer; else nothing is sent to it
  bool encrypt_empty_data = false;
  Bytes package{};  // what SSDs are made from
  Bytes module{};
  size_t privilege_bytes = 3;
  ProtocolForm protocol_form = ProtocolForm::tlv;
  Bytes parameters{};                            // more of C9
  std::map<uint8_t, std::string> domain_keys{};  // initial keys of an SSD, by its protocol
  bool set_personalized = false;                 // SET STATUS after PUT KEY
  uint8_t lock_p1 = 0x60;                        // 60: with its applications, 40: the SSD alone
  bool look_first = true;                        // false: INSTALL at once, and look only if it is refused
  std::string token_key{};
  std::string card_receipt_key{};

  bool is_for(std::string_view se_id) const;
};

struct Configuration {
  std::string id{};  // seiTsmId
  std::string listen{};
  std::optional<net::TlsSetup> tls{};               // absent: plain HTTP on this machine
  std::filesystem::path admin{};                    // unix socket; empty: none
  std::filesystem::path keys{};                     // key store: a file, or the pkcs11: URI of a token
  std::filesystem::path state{};                    // what survives a restart
  std::chrono::seconds task_life{600};              // of a task that nobody goes on with
  std::chrono::milliseconds first_retry{500};       // of a push that was not taken; doubled up to five minutes
  bool number_codes = false;                        // resultCode as a number
  std::map<std::string, std::string> operations{};  // other words for optType, to ours
  std::vector<Tenant> tenants{};
  std::vector<CardProfile> cards{};
  std::vector<Fault> faults{};

  const Tenant* tenant(std::string_view tenant_id) const;
  const CardProfile* card(std::string_view se_id) const;
};

struct ReadConfiguration {
  Configuration configuration{};
  std::vector<std::string> problems{};  // each a line: where, what is wrong; empty: none
};

/// Paths in it are as seen from `folder`.
ReadConfiguration parse_configuration(std::string_view text, const std::filesystem::path& folder);
/// Raises usage: the file cannot be read.
ReadConfiguration read_configuration(const std::filesystem::path& file);
/// {"faults": [...]} as it comes over the admin socket. Raises usage: what is wrong with it.
std::vector<Fault> parse_faults(std::string_view text);

}  // namespace cw::issuer
