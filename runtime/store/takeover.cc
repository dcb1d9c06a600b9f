// Who holds a run, and how another gets it.
#include <thread>

#include "base/error.h"
#include "clock_private.h"
#include "runs_private.h"
#include "store/runs.h"

namespace cw::store {

namespace {

[[noreturn]] void raise_over(const std::string& id, RunState state) {
  throw Error(ErrorKind::usage, "run " + id + " is over (" + std::string(name_of(state)) +
                                    "), so there is nothing to go on with; cardwright runs show " + id +
                                    " says how it ended");
}

[[noreturn]] void raise_held(const std::string& id, const Holder& holder, const std::string& more) {
  throw Error(ErrorKind::store,
              "run " + id + " is held by " + holder.node + ", process " + std::to_string(holder.pid) + more, {},
              "held");
}

}  // namespace

RunsOnDatabase::Hold RunsOnDatabase::hold(const std::string& id) {
  const Result found = db_.run({"SELECT state, holder, fence, beat, lease_ms FROM runs WHERE id = $1", {id}});
  if (found.rows.empty()) {
    throw Error(ErrorKind::usage, "there is no run " + id + "; cardwright runs list shows them");
  }
  const Row& row = found.rows[0];
  Hold out;
  out.state = run_state_named(text(row[0])).value_or(RunState::stuck);
  out.holder = Holder::parse(text(row[1]));
  out.fence = number(row[2]);
  out.beat = number(row[3]);
  out.length = std::chrono::milliseconds(number(row[4]));
  out.seen = boot_time();
  return out;
}

bool RunsOnDatabase::nobody_holds(const std::string& id) {
  if (db_.run({"SELECT id FROM runs WHERE id = $1", {id}}).rows.empty()) return true;
  const Hold now = hold(id);
  return is_over(now.state) || now.holder.pid == 0 || is_dead(now.holder, Holder::self(node_));
}

Lease RunsOnDatabase::take(const std::string& id, const std::function<bool(std::chrono::milliseconds)>& waits) {
  const Holder self = Holder::self(node_);
  Hold now = hold(id);
  const Hold first = seen_first(id, now);
  for (;; now = hold(id)) {
    if (is_over(now.state)) raise_over(id, now.state);
    const bool gone = now.holder.pid == 0 || is_dead(now.holder, self);
    if (!gone && (now.fence != first.fence || now.beat != first.beat)) {
      raise_held(id, now.holder, ", which is alive; wait for it to end, or ask it to with cardwright runs stop " + id);
    }
    const std::chrono::milliseconds left = first.seen + first.length + margin_ - now.seen;
    if (gone || left.count() <= 0) {
      if (std::optional<Lease> lease = take_over(id, now)) return std::move(*lease);
      continue;  // a sign of life, or another was faster
    }
    if (!waits(left)) {
      raise_held(id, now.holder,
                 ", for " + std::to_string(left.count()) + " ms more if that gives no sign of life; try again then");
    }
    std::this_thread::sleep_for(std::min(left, std::max(length_ / 20, std::chrono::milliseconds(5))));
  }
}

RunsOnDatabase::Hold RunsOnDatabase::seen_first(const std::string& id, const Hold& now) {
  const std::lock_guard lock(watching_);
  const auto known = watched_.find(id);
  if (known != watched_.end() && known->second.fence == now.fence && known->second.beat == now.beat) {
    return known->second;
  }
  if (now.holder.pid == 0) {
    watched_.erase(id);
    return now;
  }
  return watched_[id] = now;
}

std::optional<Lease> RunsOnDatabase::take_over(const std::string& id, const Hold& from) {
  const std::string holder = Holder::self(node_).text();
  const std::chrono::milliseconds sent = boot_time();
  // Durable with the first frame that is written under this lease, and before that frame nothing is sent.
  db_.unhurried([&] {
    run_until_known(
        {{"UPDATE runs SET fence = fence + 1, beat = beat + 1, holder = $4, node = $5, changed = $6, "
          "lease_ms = $7 WHERE id = $1 AND fence = $2 AND beat = $3",
          {id, from.fence, from.beat, holder, node_, time_of_day(), length_.count()}}});
  });
  // The holder's text is new, so it is there exactly if this was written.
  const Result now =
      db_.run({"SELECT fence, frames, stop_asked FROM runs WHERE id = $1 AND holder = $2", {id, holder}});
  if (now.rows.empty()) return {};
  {
    const std::lock_guard lock(watching_);
    watched_.erase(id);
  }
  Lease lease(id, number(now.rows[0][0]), length_, margin_);
  lease.next = number(now.rows[0][1]);
  lease.stop_asked = number(now.rows[0][2]) != 0;
  lease.renewed(sent);
  renewal_.keep(lease);
  return lease;
}

void RunsOnDatabase::release(Lease& lease) {
  lease.ended();
  // If it is lost, whoever wants the run waits until the lease has run out.
  db_.unhurried([&] {
    run_until_known({{"UPDATE runs SET holder = '', beat = beat + 1 WHERE id = $1 AND fence = $2 AND holder <> ''",
                      {lease.run(), lease.fence()}}});
  });
}

}  // namespace cw::store
