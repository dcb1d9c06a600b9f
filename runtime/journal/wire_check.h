// Evidence of what travelled, held against what custody gives: each command of a replay is wrapped again, and its MAC
// under the run's key must be the one in the journal. Nothing is sent.
//
// Owner: one replay. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "crypto/seal.h"
#include "engine/card_session.h"
#include "engine/custody.h"
#include "engine/run.h"
#include "journal/frames.h"

namespace cw::journal {

class WireCheck {
 public:
  /// All of them outlive this.
  WireCheck(const JournalLines& lines, const crypto::SealingKey& key, engine::Custody& custody,
            engine::CardTraits traits)
      : lines_(lines), key_(key), custody_(custody), traits_(traits) {}

  /// For RunSetup::around; this outlives the run.
  std::unique_ptr<engine::RunOutside> around(std::unique_ptr<engine::RunOutside> inner);

  unsigned checked() const { return checked_; }
  /// Commands in channels whose keys are not in custody any more; `missing` names those: "isd, version 30".
  unsigned unchecked() const { return unchecked_; }
  const std::set<std::string>& missing() const { return missing_; }
  /// The first command that travelled otherwise.
  const std::optional<std::string>& different() const { return different_; }

 private:
  friend class WireCheckedOutside;
  void follow(const host::Request& request, const host::Reply& reply);
  void exchanged(const host::Exchange& request, const std::vector<Wire>& wires);
  void opened(const host::OpenChannel& request, const host::Reply& reply, const std::vector<Wire>& wires);
  /// Notes those that a command carries and custody has not.
  bool misses_keys(const host::Command& command);
  bool misses_signer(const std::string& name);
  void compare(const std::string& what, ByteView travelled, const Wire& wire);

  const JournalLines& lines_;
  const crypto::SealingKey& key_;
  engine::Custody& custody_;
  engine::CardTraits traits_;
  size_t next_wires_ = 0;
  size_t next_channel_ = 0;
  struct Open {
    std::unique_ptr<gp::Channel> channel{};
    Bytes diversification_data{};
  };
  std::map<host::ChannelId, Open> channels_{};
  // EXTERNAL AUTHENTICATE that travels ahead of the next command; empty: what it is to be is not known.
  struct Unauthenticated {
    host::ChannelId channel = 0;
    uint8_t logical_channel = 0;
    Bytes sent{};
  };
  std::optional<Unauthenticated> unauthenticated_{};
  std::map<std::string, uint8_t> versions_{};  // of key sets that the script asked about
  unsigned checked_ = 0;
  unsigned unchecked_ = 0;
  std::set<std::string> missing_{};
  std::optional<std::string> different_{};
};

}  // namespace cw::journal
