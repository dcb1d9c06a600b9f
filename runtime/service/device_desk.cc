#include "service/device_desk.h"

#include <algorithm>
#include <optional>

namespace cw::service {

namespace {

constexpr std::chrono::seconds kSweep{5};
/// A device whose run is over may not have seen the answer that says so.
constexpr std::chrono::milliseconds kLastWord{30'000};

}  // namespace

DeviceDesk::DeviceDesk(Setup setup) : setup_(std::move(setup)) {
  for (unsigned i = 0; i < setup_.threads; ++i) lanes_.push_back(std::make_unique<Lane>());
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    threads_.start([this, &lane] { serve(*lane); });
  }
}

DeviceDesk::~DeviceDesk() {
  ends_ = true;
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    const std::lock_guard lock(lane->mutex);
    lane->more.notify_all();
  }
  threads_.join();
}

void DeviceDesk::post(const std::string& ticket, engine::Relay relay, Work work) {
  if (waiting_.fetch_add(1) >= setup_.waiting) {
    --waiting_;
    throw Error(ErrorKind::budget, "too many devices wait for an answer; call again later");
  }
  Lane& lane = *lanes_[std::hash<std::string>()(ticket) % lanes_.size()];
  const std::lock_guard lock(lane.mutex);
  lane.requests.push_back({ticket, relay, std::move(work)});
  lane.more.notify_one();
}

void DeviceDesk::serve(Lane& lane) {
  Clock::time_point swept = Clock::now();
  while (!ends_) {
    std::optional<Request> request;
    {
      std::unique_lock lock(lane.mutex);
      lane.more.wait_for(lock, kSweep, [&] { return ends_ || !lane.requests.empty(); });
      if (!lane.requests.empty()) {
        request = std::move(lane.requests.front());
        lane.requests.pop_front();
      }
    }
    if (request) {
      --waiting_;
      lane.busy_since = Clock::now().time_since_epoch().count();
      answer(lane, *request);
      lane.busy_since = 0;
    }
    if (Clock::now() - swept > kSweep) {
      sweep(lane);
      swept = Clock::now();
    }
  }
  sessions_ -= lane.places.size();
  lane.places.clear();
}

void DeviceDesk::answer(Lane& lane, const Request& request) {
  auto found = lane.places.find(request.ticket);
  try {
    if (found == lane.places.end()) {
      if (sessions_ >= setup_.sessions) {
        throw Error(ErrorKind::budget, "this service has as many devices as it may have; call again later");
      }
      auto call = std::make_unique<DeviceCall>(setup_.open(request.ticket, request.relay), request.relay);
      found = lane.places.emplace(request.ticket, Place{std::move(call), {}}).first;
      ++sessions_;
      ++totals_.opened;
    }
    if (found->second.call->relay != request.relay) {
      throw Error(ErrorKind::usage, "the session of this ticket speaks the other protocol");
    }
  } catch (const std::exception& failure) {
    const auto* told = dynamic_cast<const Error*>(&failure);
    const Error error = told != nullptr ? *told : Error(ErrorKind::internal, failure.what());
    if (error.kind() == ErrorKind::usage) ++totals_.refused;
    request.work(nullptr, &error);
    return;
  }
  found->second.heard = Clock::now();
  try {
    request.work(found->second.call.get(), nullptr);
  } catch (const std::exception& failure) {
    // A defect: this session ends, and no other.
    const Error error(ErrorKind::internal, failure.what());
    lane.places.erase(found);
    --sessions_;
    try {
      request.work(nullptr, &error);
    } catch (const Error&) {
      // It was answered before it failed.
    }
  }
}

void DeviceDesk::sweep(Lane& lane) {
  const Clock::time_point now = Clock::now();
  const size_t gone = std::erase_if(lane.places, [&](const auto& place) {
    const bool over = place.second.call->session.over();
    return now - place.second.heard > (over ? std::min(setup_.silence, kLastWord) : setup_.silence);
  });
  sessions_ -= gone;
}

bool DeviceDesk::gets_on() const {
  const Clock::duration now = Clock::now().time_since_epoch();
  return std::none_of(lanes_.begin(), lanes_.end(), [&](const std::unique_ptr<Lane>& lane) {
    const Clock::rep since = lane->busy_since;
    return since != 0 && now - Clock::duration(since) > setup_.longest;
  });
}

DeviceCounters DeviceDesk::counters() const {
  const Totals& t = totals_;
  return {sessions_, t.opened, t.refused, t.orders, t.repeated, t.lost, t.foreign, t.done, t.failed};
}

}  // namespace cw::service
