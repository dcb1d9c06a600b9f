// Takes down what runs take in from outside, in the order they take it, and writes the recording as it grows: what is
// on disk is whole up to the line where a program was killed.
//
// Owner: whoever starts the runs; it outlives them. One thread. Runs come one after the other in the file, by when they
// began; what one does while an earlier one is still going on (a scenario's) waits in memory.
#pragma once

#include <list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "engine/answer_filter.h"
#include "engine/line_taker.h"
#include "engine/recording.h"

namespace cw::engine {

/// What a recording has for the text of an error that an answer left out may be part of.
inline constexpr std::string_view kErrorLeftOut = "left out, since an answer was";

class Recorder {
 public:
  struct Options {
    bool all_answers = false;  // leave nothing out: not safe to share
  };
  Recorder(std::ostream& out, Options options);

  bool all_answers() const { return options_.all_answers; }

 private:
  friend class RunRecorder;
  struct Pending {
    std::string text{};
    bool ended = false;
  };
  void flush();

  std::ostream& out_;
  Options options_;
  std::list<Pending> runs_{};  // those that are not written whole
};

/// Takes down one run. Outlives its attempts.
class RunRecorder : public LineTaker {
 public:
  /// `recorder` and `arguments` outlive this. `head` without what the recorder knows.
  RunRecorder(Recorder& recorder, RecordingHead head, const Arguments& arguments);
  ~RunRecorder() override;
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  void attempt(unsigned number);
  void attempt_failed(const Error& error);
  void finished(const std::optional<Error>& error);

  void take(RecordedLine line) override;
  bool all_answers() const override { return recorder_.all_answers(); }
  RecordedAnswer kept(const host::Command& command, const host::Answer& answer) override;

 private:
  RecordedReply told(const Error& error) const;
  void close();

  Recorder& recorder_;
  Recorder::Pending* pending_;  // null: the run has ended
  AnswerFilter filter_;
  bool left_out_ = false;  // an answer was
};

/// What a recording says of a run's arguments.
std::vector<RecordedArgument> recorded_arguments(const Flow& flow, const Arguments& arguments);

}  // namespace cw::engine
