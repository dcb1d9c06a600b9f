#include "engine/rebuilt_outside.h"

#include <utility>

#include "engine/recording_text.h"

namespace cw::engine {

RebuiltOutside::RebuiltOutside(Setup setup)
    : past_(std::move(setup.past)),
      go_on_(std::move(setup.go_on)),
      unwrap_again_(std::move(setup.unwrap_again)),
      taker_(setup.taker),
      replay_(past_.attempt, past_.attempt->runs.at(0)),
      recorded_({replay_, setup.gate, silent_, no_stage_}),
      serving_(&recorded_) {
  replay_.take(attempt_text(past_.attempts));
}

RunOutside& RebuiltOutside::now_serving() {
  if (lost_) throw *lost_;
  if (live_ || !replay_.at_end() || replay_.difference()) return *serving_;
  try {
    live_ = go_on_(recorded_.card_state());
  } catch (const Error& error) {
    // Custody has other keys by now: the script of this attempt cannot go on, and is not to see why.
    lost_ = error.within("going on in the channels that were open");
    throw *lost_;
  }
  serving_ = live_.get();
  return *serving_;
}

void RebuiltOutside::submit(host::Request request) {
  rest_.reset();
  RunOutside& outside = now_serving();
  const bool is_out = past_.out && live_ && !out_asked_;
  const std::vector<std::string> asked = is_out ? request_lines(request, true) : std::vector<std::string>();
  outside.submit(std::move(request));  // what the gate refuses, it refused before, and no line tells of it
  if (is_out) {
    out_asked_ = true;
    if (asked != past_.out->asked) {
      leaves_out();
      throw *lost_;
    }
  }
  if (live_ || !replay_.at_end()) return;
  const bool waits = std::holds_alternative<host::Wait>(outside.request());
  if (waits && !past_.same_process) rest_ = host::Wait{past_.left};
}

/// No line tells of it yet, and all the same it is known what the script asked then.
void RebuiltOutside::leaves_out() {
  lost_ = Error(ErrorKind::usage, "built again, the script does something else than '" + past_.out->asked.front() +
                                      "', which the device has an order for");
}

host::KeyInfo RebuiltOutside::unwrap(const host::WrappedKeys& keys) {
  host::KeyInfo info = now_serving().unwrap(keys);
  if (live_) return info;
  try {
    unwrap_again_(keys);
  } catch (const Error& error) {
    // The KEK is gone, or is another by now: as where the keys of a channel are.
    lost_ = error.within("unwrapping again what was unwrapped before");
    throw *lost_;
  }
  return info;
}

void RebuiltOutside::note(host::Note note) {
  using Kind = host::Note::Kind;
  const bool ends_step = note.kind == Kind::step_end || note.kind == Kind::step_skip;
  if ((ends_step && replay_.take_step()) || (!live_ && !replay_.done())) {
    if (taker_) taker_->noted_before(note);
    return;
  }
  try {
    now_serving().note(std::move(note));
  } catch (const Error&) {
    // The channels cannot go on, which ends the attempt with the next thing that the script asks.
  }
}

void RebuiltOutside::check_end() {
  if (past_.out && !out_asked_ && !lost_ && !replay_.difference()) leaves_out();
  if (live_) return live_->check_end();
  if (lost_ || replay_.difference() || replay_.at_end()) return;
  try {
    replay_.check_end();
  } catch (const Error&) {
    // It is the difference from now on.
  }
}

const host::Request& RebuiltOutside::request() const { return rest_ ? *rest_ : serving_->request(); }

host::Reply RebuiltOutside::carry_out() { return serving_->carry_out(); }

}  // namespace cw::engine
