// What the issuer's side remembers, and what survives its restart: tasks that go on, the SSDs that it made, keys of
// cards that are never tried again, what it has yet to tell the tenants, receipts. No keys: a session is built again
// from its challenges and the key store.
//
// Plain values. StateFile's owner is the desk. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "gp/channel.h"
#include "issuer/config.h"

namespace cw::issuer {

enum class Operation : uint8_t { create, lock, unlock, remove };
std::string_view to_text(Operation operation);  // "CREATE_SSD"

/// What a command that was ordered is there for.
enum class Purpose : uint8_t {
  select_issuer,
  initialize_update,
  authenticate,
  look,     // GET STATUS for the SSD
  look_on,  // its next part
  install,
  select_domain,
  put_keys,
  set_status,
  remove,
};

/// Before any secure channel. PUT KEY holds its keys encrypted under the session's DEK already.
struct Ordered {
  Purpose purpose = Purpose::select_issuer;
  Bytes plain{};  // empty: EXTERNAL AUTHENTICATE, which the channel makes
};

/// What a secure channel is built from again.
struct Opening {
  bool with_domain_keys = false;  // the SSD's own, else the ISD's
  Bytes aid{};                    // of the domain that is selected
  Bytes host_challenge{};
  Bytes answer{};                           // to INITIALIZE UPDATE; empty: none has come
  std::optional<gp::Channel::Mark> mark{};  // where it stands; none: not authenticated
};

struct Task {
  std::string id{};
  std::string tenant{};
  std::string se_id{};
  Operation operation = Operation::create;
  Bytes sd_aid{};
  Bytes privileges{};
  std::optional<ScpConfig> scp{};
  int64_t expires = 0;   // seconds since 1970
  std::string closed{};  // why; empty: it goes on
  bool done = false;     // closed well
  unsigned rounds = 0;   // lists of commands that were given
  bool install_tried = false;
  Opening opening{};
  std::vector<Ordered> ordered{};    // the last list
  std::vector<std::string> apdus{};  // as it was sent; the answer to a request that comes again
  std::string last_answers{};        // hash of the respList before that
  Bytes listing{};                   // of GET STATUS, so far
};

/// A security domain that this side made, or was about to.
struct Domain {
  std::string se_id{};
  Bytes aid{};
  std::string tenant{};
  Bytes privileges{};
  ScpConfig scp{};
  uint8_t key_version = 0;
  bool installed = false;  // false: INSTALL was ordered, and its answer has not come
  bool keyed = false;
  bool locked = false;
  bool confirmed = false;  // the tenant took its keys
};

/// Keys of a card that did not fit. Nobody tries them again until an operator says so.
struct Mismatch {
  std::string se_id{};
  Bytes aid{};  // of the domain they are of
  uint8_t key_version = 0;
  int64_t when = 0;
  std::string tenant{};  // in whose task
};

enum class PushKind : uint8_t { keys, status };

/// What a tenant is to be told, until it says that it was.
struct Push {
  std::string id{};
  PushKind kind = PushKind::keys;
  std::string tenant{};
  std::string se_id{};
  Bytes aid{};
  std::string status{};  // DELETED, RESETED
  unsigned tries = 0;
  int64_t next = 0;  // milliseconds since 1970
  std::string last_error{};
};

/// A confirmation of a card that was reported, and was right.
struct KeptReceipt {
  std::string se_id{};
  std::string tenant{};
  uint32_t counter = 0;
  Bytes data{};    // the token's
  Bytes answer{};  // the card's
  int64_t when = 0;
};

struct State {
  std::map<std::string, Task> tasks{};
  std::vector<Domain> domains{};
  std::vector<Mismatch> mismatches{};
  std::vector<Push> pushes{};
  std::vector<KeptReceipt> receipts{};

  Domain* domain(std::string_view se_id, ByteView aid);
  const Mismatch* mismatch(std::string_view se_id, ByteView aid, uint8_t key_version) const;
};

class StateFile {
 public:
  explicit StateFile(std::filesystem::path file) : file_(std::move(file)) {}

  /// Empty if there is no file. Raises usage: it is none of ours.
  State load() const;
  /// Replaced in one piece; only its owner can read it. Raises usage: cannot be written.
  void save(const State& state) const;

 private:
  std::filesystem::path file_;
};

}  // namespace cw::issuer
