// A recording in the place of a card: runs take its recorded runs one after the other. A run that asks for something
// else than the recorded one has ended, with an error that names the first difference.
//
// Owner: Replay whoever starts the runs, RunReplay one run. One thread.
#pragma once

#include <memory>
#include <optional>

#include "engine/recording.h"

namespace cw::engine {

/// Status words of INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, as far as what came of opening a channel tells: the
/// commands themselves lie below a recording. Empty: it does not tell.
std::vector<uint16_t> handshake(const RecordedReply& reply);

/// The place that one run has reached in the recording.
class RunReplay {
 public:
  RunReplay(std::shared_ptr<const Recording> recording, const RecordedRun& run)
      : recording_(std::move(recording)), run_(run) {}

  const RecordingHead& head() const { return run_.head; }

  /// Goes on by the line that has this request. Raises usage: the recorded run asked for something else; from then on
  /// always the same.
  const RecordedLine& take(const std::string& request);
  /// The attempt failed, and another follows.
  void skip_failed();
  /// The run asked for more than was recorded, and its end is not there: the run was still going on.
  bool ran_out() const { return ran_out_; }
  /// Goes past the end of a step, if one comes next.
  bool take_step();
  /// Whether nothing at all comes any more, no end of a step either.
  bool done() const { return next_ == run_.lines.size(); }
  /// Whether nothing more was recorded.
  bool at_end() const;
  /// Whether the plan goes on.
  bool more() const;
  /// The run came to its end. Raises usage: the recorded one went on, or failed.
  void check_end();
  /// What ended the recorded attempt from outside, where the run asks for more; null: nothing did.
  const Error* ended() const { return ended_ ? &*ended_ : nullptr; }
  /// Where the run left the recording, or null.
  const Error* difference() const { return difference_ ? &*difference_ : nullptr; }
  /// The run cannot go on by this recording. Raises usage.
  [[noreturn]] void differ(size_t line, const std::string& what);

 private:
  void skip_steps();
  [[noreturn]] void differ_from(const RecordedLine& line, const std::string& request);
  std::string what_was_left_out(size_t line) const;

  std::shared_ptr<const Recording> recording_;
  const RecordedRun& run_;
  size_t next_ = 0;
  bool ran_out_ = false;
  std::optional<Error> ended_{};  // the attempt under way
  std::optional<Error> difference_{};
};

class Replay {
 public:
  explicit Replay(std::shared_ptr<const Recording> recording) : recording_(std::move(recording)) {}

  const Recording& recording() const { return *recording_; }
  /// The recorded run that comes next; null: there is none.
  const RecordedRun* next() const;
  /// Takes it. Raises usage: there is none, it is of another flow, or its arguments were others.
  std::unique_ptr<RunReplay> begin(const std::string& flow, const std::vector<RecordedArgument>& arguments);

 private:
  std::shared_ptr<const Recording> recording_;
  size_t next_ = 0;
};

}  // namespace cw::engine
