// A batch for programs: one JSON object per line, each flushed. `event` says which:
//
//   batch       flow, bundle, policy, policy_hash, readers, rows, to_do, done_before, failed_before,
//               quarantined_before, half_way [{row, card, run}]: the first, unless something was wrong before
//   row_begin   reader, row, line, card, tries, run
//   attempt, step, progress, channel, command, log, table, result, failed: as in json_events.h, with reader and row
//   row_end     reader, row, line, state, card, tries, seconds, run, error {kind, message}; `run` is empty where
//               none is kept. Without a row_begin and with an empty reader: runs resume finished it meanwhile
//   refused     reader, card, why
//   unreadable  reader, error
//   reader_end  reader, why
//   end         status, done, failed, quarantined, stopped, left, cards_refused, seconds, error: the last
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <ostream>

#include "app/json_events.h"
#include "batch/follower.h"

namespace cw::app {

class BatchEvents : public batch::Follower {
 public:
  /// `commands`: an event for every command too. `bundle` and `policy` outlive this.
  BatchEvents(std::ostream& out, bool commands, const engine::Bundle& bundle, const engine::Policy& policy)
      : out_(out), commands_(commands), bundle_(bundle), policy_(policy) {}

  void begins(const batch::Plan& plan) override;
  void row_begins(size_t reader, const batch::Result& row) override;
  engine::Observer* run(size_t reader, const batch::Result& row) override;
  void row_ends(size_t reader, const batch::Result& result) override;
  void row_resumed(size_t reader, const batch::Result& result) override;
  void card_refused(size_t reader, const std::string& card, const std::string& why) override;
  void card_unreadable(size_t reader, const Error& error) override;
  void reader_ends(size_t reader, const std::string& why) override;

 private:
  std::ostream& out_;
  bool commands_;
  const engine::Bundle& bundle_;
  const engine::Policy& policy_;
  std::vector<std::string> readers_{};
  std::map<size_t, std::unique_ptr<JsonEvents>> runs_{};
};

/// The last event; also of a batch that did not begin.
void write_end(std::ostream& out, const batch::Summary& summary, ExitStatus status, const std::optional<Error>& error);

}  // namespace cw::app
