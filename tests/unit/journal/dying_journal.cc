#include "dying_journal.h"

namespace cw::journal {

std::string name_of(KillPoint::At at) {
  static const char* const names[] = {"never", "before intent", "after intent", "checked",
                                      "sent",  "answered",      "committed",    "before a wait"};
  return names[static_cast<int>(at)];
}

DyingJournal::DyingJournal(StoreJournal& inner, HostedReader& reader, KillPoint kill) : inner_(inner), kill_(kill) {
  reader.sending = [this] {
    ++apdu_;
    die(At::checked);
  };
  reader.sent = [this] { die(At::sent); };
  reader.answered = [this] { die(At::answered); };
}

host::HttpReply DyingJournal::call(const std::string& told) {
  ++apdu_;
  die(At::checked);
  die(At::sent);
  host::HttpReply reply;
  reply.status = 200;
  reply.body = told;
  die(At::answered);
  return reply;
}

void DyingJournal::before(const host::Request& request) {
  if (std::holds_alternative<host::Wait>(request) || std::holds_alternative<host::CloseChannel>(request)) return;
  const bool was = exchange_ == kill_.number;
  ++exchange_;
  apdu_ = 0;
  die(At::before_intent);
  inner_.before(request);
  die(At::after_intent);
  if (was && kill_.at == At::committed) raise(kill_.signal);
}

void DyingJournal::finished(const std::optional<Error>& error, End end) {
  inner_.finished(error, end);
  die(At::committed);
}

void DyingJournal::waits(std::chrono::milliseconds time) {
  die(At::before_wait);
  inner_.waits(time);
  die(At::committed);
}

engine::Past DyingJournal::past() {
  ++rebuilt_;
  return inner_.past();
}

void DyingJournal::die(At at) {
  if (kill_.at != at || kill_.number != exchange_) return;
  const bool on_the_way = at == At::checked || at == At::sent || at == At::answered;
  if (on_the_way && kill_.apdu != apdu_) return;
  kill_.at = At::never;
  if (kill_.signal == SIGINT) {
    asked_to_end_ = true;
  } else {
    raise(kill_.signal);
  }
}

}  // namespace cw::journal
