// Those who follow a run: a terminal, a trace file, a JSON stream. Told everything in order, can change nothing.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "host/outside.h"

namespace cw::engine {

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void attempt_begins(unsigned /*number*/) {}
  /// A command in canonical form and its plain answer; `channel` 0 is plain. `time` is the reader's.
  virtual void exchanged(const host::Command& /*command*/, host::ChannelId /*channel*/, const host::Answer& /*answer*/,
                         std::chrono::nanoseconds /*time*/) {}
  virtual void channel_opened(const host::OpenChannel& /*asked*/, const host::ChannelOpened& /*opened*/,
                              std::chrono::nanoseconds /*time*/) {}
  virtual void card_reset(ByteView /*atr*/) {}
  virtual void noted(const host::Note& /*note*/) {}
  /// Step, gate or card said no and the attempt ends; `again`: another attempt follows.
  virtual void attempt_failed(const Error& /*error*/, bool /*again*/) {}
};

}  // namespace cw::engine
