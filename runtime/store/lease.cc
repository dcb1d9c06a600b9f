#include "store/lease.h"

#include <time.h>

#include "base/error.h"

namespace cw::store {

std::chrono::milliseconds boot_time() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::milliseconds(int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
}

void renew(LeaseTime& time, std::chrono::milliseconds until) {
  int64_t known = time.until;
  while (known < until.count() && !time.until.compare_exchange_weak(known, until.count())) {
  }
}

void Lease::renewed(std::chrono::milliseconds sent) { renew(*time_, sent + length_); }

std::chrono::milliseconds Lease::left() const { return std::chrono::milliseconds(time_->until) - boot_time(); }

void Lease::check() const {
  const auto raise = [&](const std::string& why) {
    throw Error(ErrorKind::store,
                "cannot go on with run " + run_ + " here: " + why + "; nothing more is sent, cardwright runs show " +
                    run_ + " says who has it",
                {}, "fenced");
  };
  if (time_->ended) raise("another process has taken it over, or it was given up");
  if (left() < margin_) {
    raise("its lease was not renewed for " + std::to_string((length_ - left()).count()) +
          " ms, since the store was away or this process stood still, so another may take it over");
  }
}

}  // namespace cw::store
