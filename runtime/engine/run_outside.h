// Outside as a run drives it: the card is reset at first, then each request is carried out and its reply handed back.
// Behind it is a reader of this process, or a recording.
//
// Owner: one attempt, or one prompt. One thread.
#pragma once

#include "host/outside.h"

namespace cw::engine {

class RunOutside : public host::Outside {
 public:
  /// Powers the card up; returns the ATR. Raises reader.
  virtual Bytes reset() = 0;

  /// What was submitted last.
  virtual const host::Request& request() const = 0;
  /// Carries it out, and blocks as long as that takes; for Wait, nothing is carried out. Errors come back as a Reply.
  virtual host::Reply carry_out() = 0;

  /// Whether a Wait takes its time. In a recording that time has passed, and carry_out() answers.
  virtual bool waits_by_clock() const { return true; }
  /// Where the script left the recording, which ends the run whatever the script makes of it; null: it did not.
  virtual const Error* difference() const { return nullptr; }
  /// The script came to its end, or failed. Where the recording goes on from there, that is a difference.
  virtual void check_end() {}
};

}  // namespace cw::engine
