// Outside for a recording: the gate is asked as ever, and what the recorded run was answered comes back, as long as
// this one asks for the same. Answers that were left out of the recording come back as zeros.
//
// Owner: one attempt. One thread.
#pragma once

#include <optional>

#include "engine/card_state.h"
#include "engine/gate.h"
#include "engine/local_outside.h"
#include "engine/observer.h"
#include "engine/replay.h"
#include "engine/run_outside.h"

namespace cw::engine {

class RecordedOutside : public RunOutside {
 public:
  struct Setup {
    RunReplay& replay;
    Gate& gate;
    Observer& observer;
    const Director& director;     // empty: no stage
    bool plays_backends = false;  // calls of backends are answered by who drives the run
  };
  /// All that it refers to must outlive this.
  explicit RecordedOutside(const Setup& setup) : setup_(setup) {}

  Bytes reset() override;

  /// Raises policy, budget: the gate said no; usage: the recorded run asked for something else.
  void submit(host::Request request) override;
  const host::Request& request() const override { return *request_; }
  host::Reply carry_out() override;
  bool waits_by_clock() const override { return false; }
  int64_t now() override;
  Bytes random(size_t count) override;
  host::KeyInfo key_info(const std::string& set) override;
  bool verifies(const std::string& key, ByteView message, ByteView signature) override;
  Bytes sign(const std::string& key, ByteView message) override;
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override;
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override;
  void note(host::Note note) override { setup_.observer.noted(note); }
  const Error* difference() const override { return setup_.replay.difference(); }
  /// Where the recorded card stands by now.
  const CardState& card_state() const { return card_; }

 private:
  void admit(const host::Request& request);
  /// Compares the request with the recording, and gives what came back.
  host::Reply reply_to(const host::Reset& request);
  host::Reply reply_to(const host::Exchange& request);
  /// Without answers, where it was not sent.
  host::Reply reply_to_plan(const host::Exchange& request, bool may_be_unsent);
  host::Reply reply_to(const host::OpenChannel& request);
  host::Reply reply_to(const host::CloseChannel& request);
  host::Reply reply_to(const host::HttpCall& request);
  host::Reply reply_to(const host::Deliver& request);
  host::Reply reply_to(const host::Wait& request);
  host::Reply reply_to(const host::Direction& request);
  CardState after_reset() const;
  void show_handshake(const host::OpenChannel& request, const RecordedReply& reply);

  Setup setup_;
  CardState card_{};
  std::optional<host::Request> request_{};
  std::optional<host::Reply> reply_{};
};

}  // namespace cw::engine
