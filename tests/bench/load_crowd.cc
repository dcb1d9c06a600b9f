#include "load_crowd.h"

#include <algorithm>
#include <array>

#include <sys/epoll.h>

#include "base/error.h"

namespace cw::bench {

namespace {

using std::chrono::milliseconds;

constexpr unsigned kTries = 40;
constexpr milliseconds kLongestPause{2'000};

}  // namespace

Crowd::Crowd(const LoadPlace& place, size_t at_once, Gate& gate)
    : at_once_(at_once), place_(place), gate_(gate), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void Crowd::add(std::unique_ptr<LoadDevice> device) {
  Member member;
  member.device = std::move(device);
  member.line = std::make_unique<LoadLine>(place_);
  members_.push_back(std::move(member));
  due_.push_back(members_.size() - 1);
}

void Crowd::run() {
  std::array<epoll_event, 64> events{};
  while (over_ < members_.size()) {
    start_those_due();
    int timeout = 50;
    if (!timers_.empty()) {
      const auto left = std::chrono::duration_cast<milliseconds>(timers_.top().first - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<int64_t>(left, 0, timeout));
    }
    if (!due_.empty() && under_way_ < at_once_) timeout = 0;
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    for (int i = 0; i < count; ++i) {
      const auto number = static_cast<size_t>(events[static_cast<size_t>(i)].data.u64);
      if (members_[number].waits) {
        go(number);
      } else {
        members_[number].line->close();  // the service closed what was idle
      }
    }
  }
}

void Crowd::start_those_due() {
  const auto now = Clock::now();
  for (; !timers_.empty() && timers_.top().first <= now; timers_.pop()) due_.push_back(timers_.top().second);
  if (gate_.open && !held_.empty()) {
    due_.insert(due_.end(), held_.begin(), held_.end());
    held_.clear();
  }
  while (!due_.empty() && under_way_ < at_once_) {
    const size_t number = due_.front();
    due_.pop_front();
    Member& member = members_[number];
    if (gate_.order != 0 && !member.was_held && member.device->orders == gate_.order && !gate_.open) {
      member.was_held = true;
      held_.push_back(number);
      ++gate_.held;
      continue;
    }
    begin(number);
  }
}

void Crowd::begin(size_t number) {
  Member& member = members_[number];
  member.waits = true;
  ++under_way_;
  ++requests;
  member.began = Clock::now();
  try {
    member.line->begin(member.device->request());
    go(number);
  } catch (const LineLost& why) {
    again(number, why.what());
  }
}

void Crowd::watch(size_t number, LoadLine::Wants wants) {
  epoll_event event{};
  event.events = wants == LoadLine::Wants::write ? EPOLLOUT : EPOLLIN;
  event.data.u64 = number;
  const int fd = members_[number].line->fd();
  // A socket that was closed is not watched any more, and its number may be that of another one now.
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
}

void Crowd::go(size_t number) {
  try {
    const LoadLine::Wants wants = members_[number].line->go();
    if (wants == LoadLine::Wants::nothing) return answered(number);
    watch(number, wants);
  } catch (const LineLost& why) {
    again(number, why.what());
  }
}

void Crowd::again(size_t number, const std::string& why) {
  Member& member = members_[number];
  ++lost;
  member.waits = false;
  --under_way_;
  if (++member.tries > kTries) return finish(number, why);
  later(number, std::min(milliseconds(10) * (1u << std::min(member.tries, 8u)), kLongestPause));
}

void Crowd::answered(size_t number) {
  Member& member = members_[number];
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - member.began);
  LoadAnswer answer = member.line->take();
  if (answer.status == 429 || answer.status >= 500) {
    ++busy;
    return again(number, "status " + std::to_string(answer.status));
  }
  member.waits = false;
  --under_way_;
  member.tries = 0;
  (gate_.open || gate_.order == 0 ? answers : answers_before).push_back(static_cast<uint32_t>(took.count()));
  try {
    const LoadDevice::Next next = member.device->take(answer);
    if (next.over) return finish(number, "");
    later(number, next.pause);
  } catch (const Error& error) {
    finish(number, error.message());
  }
}

void Crowd::later(size_t number, milliseconds pause) {
  if (pause.count() == 0) {
    due_.push_back(number);
  } else {
    timers_.emplace(Clock::now() + pause, number);
  }
}

void Crowd::finish(size_t number, std::string error) {
  Member& member = members_[number];
  member.over = true;
  member.error = std::move(error);
  member.line->close();
  ++over_;
}

}  // namespace cw::bench
