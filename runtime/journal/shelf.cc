#include "journal/shelf.h"

namespace cw::journal {

namespace {

// Of different ones. Where there are more, all are read anew.
constexpr size_t kMost = 64;

}  // namespace

Scripts Shelf::find(const std::string& name, const std::function<Scripts()>& read) {
  const std::lock_guard lock(mutex_);
  const auto known = all_.find(name);
  if (known != all_.end()) return known->second;
  Scripts made = read();
  if (all_.size() >= kMost) all_.clear();
  return all_.emplace(name, std::move(made)).first->second;
}

}  // namespace cw::journal
