// Which answers of a card a recording may show: those that GlobalPlatform or ISO 7816-4 says the meaning of, and those
// that say nothing which the recording does not say already (docs/decisions/0014-recordings.md).
//
// Owner: one run. One thread.
#pragma once

#include <vector>

#include "engine/arguments.h"

namespace cw::engine {

class AnswerFilter {
 public:
  /// `arguments` outlive this. `all`: everything may be shown.
  AnswerFilter(const Arguments& arguments, bool all);

  /// A command that was sent, and stands in the recording: what it carries in the clear is known from here on.
  void sent(const host::Command& command);
  bool shows(const host::Command& command, ByteView answer) const;

 private:
  bool known(ByteView value) const;

  const Arguments& arguments_;
  bool all_;
  std::vector<Bytes> known_;  // whole values that the recording shows in the clear
};

}  // namespace cw::engine
