#include "app/revocation_watch.h"

#include <sys/stat.h>

#include "app/failure.h"
#include "base/log.h"

namespace cw::app {

namespace {

constexpr unsigned kLooksPerTry = 10;

}  // namespace

/// Nothing: it is not there, as between two lists.
std::optional<RevocationWatch::Mark> RevocationWatch::mark_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return Mark{found.st_dev, found.st_ino, static_cast<uint64_t>(found.st_size), found.st_mtim.tv_sec,
              found.st_mtim.tv_nsec};
}

RevocationWatch::RevocationWatch(std::filesystem::path list) : list_(std::move(list)) {
  if (!list_.empty()) seen_ = mark_of(list_);
}

void RevocationWatch::look(const std::function<void()>& reload) {
  if (list_.empty()) return;
  const auto now = mark_of(list_);
  if (!now) return;
  if (now == seen_ && (!failed_ || ++looks_ < kLooksPerTry)) return;
  seen_ = now;
  looks_ = 0;
  const auto failure = failure_of(reload);
  failed_ = failure.has_value();
  if (failure && failure->message() != said_) {
    log::error("the revocation list was replaced, and the one before stays in use: " + failure->message());
  }
  if (!failure) log::info("the revocation list " + list_.string() + " was replaced and is in use");
  said_ = failure ? failure->message() : std::string();
}

}  // namespace cw::app
