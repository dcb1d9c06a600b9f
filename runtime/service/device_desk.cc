#include "service/device_desk.h"

#include <algorithm>
#include <optional>

namespace cw::service {

namespace {

constexpr std::chrono::seconds kSweep{5};
/// A device whose run is over may not have seen the answer that says so.
constexpr std::chrono::milliseconds kLastWord{30'000};

}  // namespace

void DeviceCall::take_up() {
  const bool is_out = session->take_up();
  const size_t ended = session->orders() - (session->order() ? 1 : 0);
  const auto go_on = [&](auto& exchange) {
    if (!session->order()) return;
    exchange.put(*session->order());
    if (is_out) exchange.is_out();
  };
  if (relay == engine::Relay::goes_on) {
    const std::string element = seram.kept().empty() ? session->kept() : seram.kept();
    seram = SeramExchange::after(ended, session->reported_before(), element);
    go_on(seram);
  } else {
    ram_http = RamHttpExchange(ScriptCoding::indefinite, ended);
    go_on(ram_http);
  }
}

DeviceDesk::DeviceDesk(Setup setup, DeviceCounters& counters)
    : setup_(std::move(setup)), counters_(counters), errands_(setup_.errands) {
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
      rest(lane);
      lane.busy_since = 0;
    }
    if (Clock::now() - swept > kSweep) {
      sweep(lane);
      swept = Clock::now();
    }
  }
  while (!lane.places.empty()) leave(lane, lane.places.begin());
}

DeviceDesk::Places::iterator DeviceDesk::enter(Lane& lane, const Request& request) {
  ++counters_.of(request.relay).sessions;
  return lane.places.emplace(request.ticket, Place{std::make_unique<DeviceCall>(request.relay), {}}).first;
}

void DeviceDesk::leave(Lane& lane, Places::iterator place) {
  --counters_.of(place->second.call->relay).sessions;
  lane.places.erase(place);
}

DeviceDesk::Places::iterator DeviceDesk::open(Lane& lane, const Request& request) {
  auto found = lane.places.find(request.ticket);
  if (found != lane.places.end() && found->second.call->relay != request.relay) {
    throw Error(ErrorKind::usage, "the session of this ticket speaks the other protocol");
  }
  if (found != lane.places.end() && found->second.call->session) return found;
  if (found == lane.places.end() && counters_.seram.sessions + counters_.ram_http.sessions >= setup_.sessions) {
    throw Error(ErrorKind::budget, "this service has as many devices as it may have; call again later");
  }
  std::unique_ptr<DeviceRun> run = setup_.open(request.ticket, request.relay);
  const bool taken_up = run->taken_up();
  ++(taken_up ? counters_.runs_taken_up : counters_.runs_begun);
  if (found == lane.places.end()) found = enter(lane, request);
  found->second.call->waits_for.clear();
  found->second.call->session.emplace(std::move(run), errands_);
  if (taken_up) found->second.call->take_up();
  return found;
}

void DeviceDesk::answer(Lane& lane, const Request& request) {
  Places::iterator place;
  try {
    place = open(lane, request);
  } catch (const std::exception& failure) {
    const auto* told = dynamic_cast<const Error*>(&failure);
    const Error error = told != nullptr ? *told : Error(ErrorKind::internal, failure.what());
    place = lane.places.find(request.ticket);
    if (error.kind() == ErrorKind::store) {
      if (place == lane.places.end()) place = enter(lane, request);
      place->second.heard = Clock::now();
      return request.work(place->second.call.get(), &error);
    }
    counters_.refuse(error.kind());
    if (place != lane.places.end() && !place->second.call->session) leave(lane, place);
    return request.work(nullptr, &error);
  }
  place->second.heard = Clock::now();
  try {
    request.work(place->second.call.get(), nullptr);
  } catch (const std::exception& failure) {
    // A defect: this session ends, and no other.
    const Error error(ErrorKind::internal, failure.what());
    leave(lane, place);
    try {
      request.work(nullptr, &error);
    } catch (const Error&) {
      // It was answered before it failed.
    }
  }
}

void DeviceDesk::sweep(Lane& lane) {
  const Clock::time_point now = Clock::now();
  for (auto place = lane.places.begin(); place != lane.places.end();) {
    const auto each = place++;
    const auto& session = each->second.call->session;
    const bool over = session && session->over();
    if (now - each->second.heard > (over ? std::min(setup_.silence, kLastWord) : setup_.silence)) leave(lane, each);
  }
}

void DeviceDesk::rest(Lane& lane) {
  const size_t most = std::max<size_t>(setup_.awake / lanes_.size(), 1);
  if (lane.places.size() <= most) return;
  size_t awake = 0;
  auto oldest = lane.places.end();
  for (auto place = lane.places.begin(); place != lane.places.end(); ++place) {
    if (!place->second.call->session || !place->second.call->session->can_rest()) continue;
    ++awake;
    if (oldest == lane.places.end() || place->second.heard < oldest->second.heard) oldest = place;
  }
  if (awake > most) leave(lane, oldest);
}

bool DeviceDesk::gets_on() const {
  const Clock::duration now = Clock::now().time_since_epoch();
  return std::none_of(lanes_.begin(), lanes_.end(), [&](const std::unique_ptr<Lane>& lane) {
    const Clock::rep since = lane->busy_since;
    return since != 0 && now - Clock::duration(since) > setup_.longest;
  });
}

}  // namespace cw::service
