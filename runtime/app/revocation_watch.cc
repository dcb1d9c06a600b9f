#include "app/revocation_watch.h"

#include "app/failure.h"
#include "base/log.h"

namespace cw::app {

namespace {

/// Nothing: it is not there, as between two lists.
std::optional<std::filesystem::file_time_type> time_of(const std::filesystem::path& file) {
  std::error_code none;
  const auto time = std::filesystem::last_write_time(file, none);
  if (none) return {};
  return time;
}

}  // namespace

RevocationWatch::RevocationWatch(std::filesystem::path list, std::function<void()> reload)
    : list_(std::move(list)), reload_(std::move(reload)) {
  if (!list_.empty()) seen_ = time_of(list_);
}

void RevocationWatch::look() {
  if (list_.empty()) return;
  const auto now = time_of(list_);
  if (!now || now == seen_) return;
  seen_ = now;
  if (const auto failure = failure_of(reload_)) {
    log::error("the revocation list was replaced, and the one before stays in use: " + failure->message());
  } else {
    log::info("the revocation list " + list_.string() + " was replaced and is in use");
  }
}

}  // namespace cw::app
