#include "app/shared_caps.h"

#include <algorithm>

namespace cw::app {

void SharedCaps::share(engine::Arguments& arguments) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const engine::CapArgument& known) {
    return known.file.use_count() == 1 && known.cap.use_count() == 1 && known.load_file.use_count() == 1;
  });
  for (auto& argument : arguments.values) {
    auto* cap = std::get_if<engine::CapArgument>(&argument.second);
    if (cap == nullptr) continue;
    const auto same = std::find_if(known_.begin(), known_.end(), [&](const engine::CapArgument& known) {
      return *known.file == *cap->file && known.load_file->name == cap->load_file->name;
    });
    if (same == known_.end()) {
      known_.push_back(*cap);
    } else {
      *cap = *same;
    }
  }
}

}  // namespace cw::app
