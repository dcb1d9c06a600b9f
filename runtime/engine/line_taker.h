// Whoever takes down what a run takes in from outside: a recording, a journal.
//
// Owner: whoever starts the run. One thread.
#pragma once

#include <optional>

#include "engine/forwarding_outside.h"
#include "engine/recording.h"

namespace cw::engine {

class LineTaker {
 public:
  virtual ~LineTaker() = default;

  /// The request is about to be carried out. Raises store: it must not be, since it could not be written down.
  virtual void before(const host::Request& /*request*/) {}
  /// Something was asked, and this came back.
  virtual void take(RecordedLine line) = 0;
  virtual void noted(const host::Note& /*note*/) {}
  /// The same, of a note that was taken down by a process before, or before a wait.
  virtual void noted_before(const host::Note& /*note*/) {}

  /// Whether bodies and headers of HTTP are kept.
  virtual bool all_answers() const = 0;
  /// What is kept of the card's answer to a command that was sent. Asked once for each, in order.
  virtual RecordedAnswer kept(const host::Command& command, const host::Answer& answer) = 0;
};

/// Any Outside, and what comes through it is taken down. Requests that the gate refuses are not there: it refuses them
/// again.
class TakingOutside : public ForwardingOutside {
 public:
  /// `taker` outlives this.
  TakingOutside(std::unique_ptr<RunOutside> inner, LineTaker& taker)
      : ForwardingOutside(std::move(inner)), taker_(taker) {}

  Bytes reset() override;
  void submit(host::Request request) override;
  const Order* order() override;
  host::Reply carry_out() override;
  int64_t now() override;
  Bytes random(size_t count) override;
  host::KeyInfo key_info(const std::string& set) override;
  bool verifies(const std::string& key, ByteView message, ByteView signature) override;
  Bytes sign(const std::string& key, ByteView message) override;
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override;
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override;
  void note(host::Note note) override;

 private:
  /// It is about to be carried out, and the taker is told so, once.
  void begin();
  /// Null: there were none, or there was no error.
  void exchanged(const host::Exchange& request, const host::Answers* answers, const Error* error);
  void opened(const host::OpenChannel& request, const host::Reply& reply);

  LineTaker& taker_;
  bool begun_ = false;                // the request that was submitted
  std::optional<Error> forbidden_{};  // why it is not carried out
};

/// What is asked with a request, as recordings have it; a plan has a line for each command.
std::vector<std::string> request_lines(const host::Request& request, bool all_answers);

}  // namespace cw::engine
