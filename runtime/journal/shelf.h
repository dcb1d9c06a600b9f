// Scripts that runs were read with: whoever takes up many runs of the same bundle and policy reads and checks them
// once.
//
// Owner: whoever takes runs up. Thread rule: any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/run.h"

namespace cw::journal {

struct Scripts {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::shared_ptr<const engine::Policy> policy{};
  std::shared_ptr<const engine::Flow> flow{};  // null: whoever starts the run checks it
};

class Shelf {
 public:
  /// What is there under this name, or else what `read` gives. Raises what that raises.
  Scripts find(const std::string& name, const std::function<Scripts()>& read);

 private:
  std::mutex mutex_;
  std::map<std::string, Scripts> all_;
};

}  // namespace cw::journal
