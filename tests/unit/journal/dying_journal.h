// A journal whose process is killed, or stopped, at a point of one of its exchanges.
//
// Owner: a process of a story. One thread.
#pragma once

#include <atomic>
#include <csignal>

#include "card_host.h"
#include "journal/store_journal.h"

namespace cw::journal {

/// Where a process dies.
struct KillPoint {
  enum class At {
    never,
    before_intent,
    after_intent,
    checked,  // the lease is good, and nothing went out yet
    sent,
    answered,
    committed,    // with what is written next: an intent, a wait, the end
    before_wait,  // the script waits, and that is not written yet
  };
  At at = At::never;
  int number = 0;        // of the exchange, from 1, that it dies around; resets and calls of backends count
  int apdu = 1;          // of that exchange: checked, sent, answered
  int signal = SIGKILL;  // or SIGSTOP, once; SIGINT: the program is asked to end
};
std::string name_of(KillPoint::At at);

class DyingJournal : public engine::RunJournal {
 public:
  using At = KillPoint::At;
  /// Both outlive this.
  DyingJournal(StoreJournal& inner, HostedReader& reader, KillPoint kill);

  /// The backend of a story: answers all calls the same.
  host::HttpReply call(const std::string& told = "{}");
  /// How often the run was built again in this process.
  int rebuilt() const { return rebuilt_; }
  /// For the scheduler: somebody pressed Ctrl-C.
  const std::atomic<bool>* asked_to_end() const { return &asked_to_end_; }

  void before(const host::Request& request) override;
  void finished(const std::optional<Error>& error, End end) override;
  void waits(std::chrono::milliseconds time) override;
  void attempt(unsigned number) override { inner_.attempt(number); }
  void attempt_failed(const Error& error) override { inner_.attempt_failed(error); }
  void deliver(const host::Deliver& parcel) override {
    inner_.deliver(parcel);
    ++apdu_;
    die(At::sent);
  }
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override {
    return inner_.domains(put);
  }
  void key_used(const std::string& key) override { inner_.key_used(key); }
  void left() override { inner_.left(); }
  const Error* must_stop() const override { return inner_.must_stop(); }
  engine::Past past() override;
  void take(engine::RecordedLine line) override { inner_.take(std::move(line)); }
  void noted(const host::Note& note) override { inner_.noted(note); }
  void noted_before(const host::Note& note) override { inner_.noted_before(note); }
  void refused(const engine::Refusal& refusal) override { inner_.refused(refusal); }
  void card_is_far() override { inner_.card_is_far(); }
  void ordered(const engine::OrderMade& order) override { inner_.ordered(order); }
  void before_sending() override { inner_.before_sending(); }
  void travelled(ByteView command, ByteView answer) override { inner_.travelled(command, answer); }
  void keys_unwrapped(const host::WrappedKeys& keys, const Error* why) override { inner_.keys_unwrapped(keys, why); }
  void keys_refused(const std::vector<std::string>& sets) override { inner_.keys_refused(sets); }
  void channel_opened(const engine::ChannelMaterial& material) override { inner_.channel_opened(material); }
  void card_is(const std::string& identity) override { inner_.card_is(identity); }
  void channel_moved(host::ChannelId channel, const gp::Channel::Mark& mark) override {
    inner_.channel_moved(channel, mark);
  }

 private:
  void die(At at);
  StoreJournal& inner_;
  KillPoint kill_;
  int exchange_ = 0;
  int apdu_ = 0;
  int rebuilt_ = 0;
  std::atomic<bool> asked_to_end_{false};
};

}  // namespace cw::journal
