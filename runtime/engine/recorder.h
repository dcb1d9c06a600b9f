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

#include "engine/answer_filter.h"
#include "engine/recording.h"
#include "engine/run_outside.h"

namespace cw::engine {

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
class RunRecorder {
 public:
  /// `recorder` and `arguments` outlive this. `head` without what the recorder knows.
  RunRecorder(Recorder& recorder, RecordingHead head, const Arguments& arguments);
  ~RunRecorder();
  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

  void attempt(unsigned number);
  void attempt_failed(const Error& error);
  void finished(const std::optional<Error>& error);

 private:
  friend class RecordingOutside;
  void add(RecordedLine::Kind kind, std::string request, RecordedReply reply);
  void exchanged(const host::Exchange& request, const host::Reply& reply);
  RecordedReply told(const Error& error) const;
  void close();

  Recorder& recorder_;
  Recorder::Pending* pending_;  // null: the run has ended
  AnswerFilter filter_;
  bool left_out_ = false;  // an answer was
};

/// Any Outside, and what comes through it is taken down. Requests that the gate refuses are not there: it refuses them
/// again.
class RecordingOutside : public RunOutside {
 public:
  RecordingOutside(std::unique_ptr<RunOutside> inner, RunRecorder& recorder)
      : inner_(std::move(inner)), recorder_(recorder) {}

  Bytes reset() override;
  void submit(host::Request request) override;
  const host::Request& request() const override { return inner_->request(); }
  bool waits_by_clock() const override { return inner_->waits_by_clock(); }
  host::Reply carry_out() override;
  int64_t now() override;
  Bytes random(size_t count) override;
  host::KeyInfo key_info(const std::string& set) override;
  void note(host::Note note) override;
  const Error* difference() const override { return inner_->difference(); }

 private:
  std::unique_ptr<RunOutside> inner_;
  RunRecorder& recorder_;
};

/// What a recording says of a run's arguments.
std::vector<RecordedArgument> recorded_arguments(const Flow& flow, const Arguments& arguments);

}  // namespace cw::engine
