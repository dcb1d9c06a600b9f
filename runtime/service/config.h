// What a service is told in its configuration file: JSON, comments allowed. Checked in full before anything starts, so
// that one look shows all that is wrong.
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

#include "base/log.h"
#include "crypto/key.h"
#include "net/tls_setup.h"
#include "service/operator_command.h"

namespace cw::service {

struct StoreConfig {
  std::string where{};  // a path, or postgres://HOST/DATABASE
  std::optional<std::filesystem::path> key{};
  std::string node{};
  std::optional<std::filesystem::path> audit_roots{};
};

enum class LogFormat : uint8_t { by_terminal, json, text };

struct LogConfig {
  log::Level level = log::Level::info;
  LogFormat format = LogFormat::by_terminal;
};

struct SupervisorConfig {
  std::chrono::seconds heart{10};     // a worker that gives no sign of life for so long is killed
  std::chrono::seconds patience{30};  // for answers under way, when the service stops
};

struct HttpsConfig {
  std::string listen{};
  net::TlsSetup tls{};
};

/// What the subject of a certificate may do, and for whom.
struct RoleConfig {
  Role role = Role::viewer;
  std::string owner{};  // whose things alone they see and change; empty: the operator's, and so all
};
using Roles = std::map<std::string, RoleConfig>;

struct OperatorDoorConfig {
  std::string unix_socket{};  // a path; empty: none
  std::optional<HttpsConfig> https{};
  Roles roles{};  // by the subject of a certificate
};

/// TLS with a key that each device shares with the service: a file of the folder, named by the device's identity.
struct SharedKeyConfig {
  std::string listen{};
  std::filesystem::path keys{};
};

/// One of the two ways in is there at least.
struct DeviceDoorConfig {
  std::optional<HttpsConfig> https{};
  std::optional<SharedKeyConfig> shared_key{};
  std::optional<std::filesystem::path> keys{};  // key store of the runs; absent: $CARDWRIGHT_KEYS
  unsigned threads = 16;
  std::chrono::milliseconds delay{500};  // until a device that has nothing to do asks again
  std::chrono::seconds silence{300};     // a device that is not heard of for so long is called off
  size_t sessions = 20'000;              // devices at once
  size_t awake = 2'000;                  // of them, whose runs are in memory while an order is out
};

/// A card issuer's SEI-TSM, or a device maker's server, that tells of our security domains.
struct SenderConfig {
  std::string id{};       // seiTsmId
  std::string subject{};  // of its certificate
  bool maker = false;     // tells of states alone, and of every owner's domains
  std::string url{};      // of the SEI-TSM, as flows name it
  std::string owner{};    // whose domains; empty: the operator's own
  std::string tenant{};   // tenantId: who we are to it; empty: not compared
  std::string kek{};      // keys come wrapped under it; empty: it brings none
  crypto::WrapForm wrap = crypto::WrapForm::aes_key_wrap;
  std::string message_key{};  // signs its messages; empty: they are not signed
  std::string receipt_key{};  // we sign receipts for keys with it; empty: there are none
  std::string notify{};       // URL that is told what has become of a domain; empty: none
};

struct IssuerDoorConfig {
  HttpsConfig https{};
  std::optional<std::filesystem::path> keys{};  // sealed key file; absent: $CARDWRIGHT_KEYS
  std::string keys_path = "/sp/v1/keys";
  std::string state_path = "/sp/v1/ssd-status";
  bool number_codes = false;  // resultCode as a number
  std::vector<SenderConfig> senders{};

  bool wants_keys() const;
};

struct BundlesConfig {
  /// Certificates of CAs. Not empty: no bundle comes into use here, and no run begins with one, that no signer of
  /// theirs has signed. The program's own scripts are no bundle.
  std::vector<std::filesystem::path> require_signed{};
};

struct MetricsDoorConfig {
  std::string listen = "127.0.0.1:9464";
};

struct Configuration {
  StoreConfig store{};
  LogConfig log{};
  SupervisorConfig supervisor{};
  OperatorDoorConfig operators{};
  std::optional<DeviceDoorConfig> devices{};
  std::optional<IssuerDoorConfig> issuers{};
  MetricsDoorConfig metrics{};
  BundlesConfig bundles{};
};

/// Of a file, or of a text that was read from one.
struct ReadConfiguration {
  Configuration configuration{};
  std::vector<std::string> problems{};  // each a line: what has it, what is wrong; empty: none
};

/// Paths in it are as seen from `folder`.
ReadConfiguration parse_configuration(std::string_view text, const std::filesystem::path& folder);
/// Raises usage: the file cannot be read.
ReadConfiguration read_configuration(const std::filesystem::path& file);

/// What a service that runs takes over: the log's level, certificates, roles.
void take_live(Configuration& now, const Configuration& next);
/// What of it only a new start can change: lines that name it.
std::vector<std::string> needs_restart(const Configuration& now, const Configuration& next);

}  // namespace cw::service
