// CAP files that many runs at once are given: one in memory for all of them, as long as one of them has it.
//
// Owner: DeviceRuns. Thread rule: any thread.
#pragma once

#include <mutex>
#include <vector>

#include "engine/arguments.h"

namespace cw::app {

class SharedCaps {
 public:
  /// Puts what another run was given before in the place of each CAP file with the same bytes.
  void share(engine::Arguments& arguments);

 private:
  std::mutex mutex_{};
  std::vector<engine::CapArgument> known_{};
};

}  // namespace cw::app
