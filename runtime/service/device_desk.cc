#include "service/device_desk.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace cw::service {

namespace {

constexpr std::chrono::seconds kSweep{5};
/// Between two looks at backends that may be quick.
constexpr std::chrono::milliseconds kLook{1};
/// A device whose run is over may not have seen the answer that says so.
constexpr std::chrono::milliseconds kLastWord{30'000};
/// Tickets of which nobody knows whose they are take turns with the owners, as if they were one's. No owner has this
/// name.
const std::string kNobody(1, '\0');

}  // namespace

void DeviceCall::take_up() {
  session->take_up();
  rises = true;
}

void DeviceCall::taken_up() {
  rises = false;
  const bool is_out = session->taken_up();
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
    : setup_(std::move(setup)),
      counters_(counters),
      errands_(setup_.errands),
      computing_(setup_.computing > 0 ? setup_.computing : std::max(1U, std::thread::hardware_concurrency() / 2)) {
  for (unsigned i = 0; i < setup_.threads; ++i) lanes_.push_back(std::make_unique<Lane>());
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    threads_.start([this, &lane] { serve(*lane); });
  }
}

DeviceDesk::~DeviceDesk() {
  computing_.end();
  ends_ = true;
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    const std::lock_guard lock(lane->mutex);
    lane->more.notify_all();
  }
  threads_.join();
}

void DeviceDesk::count_in(const std::string& owner) {
  const std::lock_guard lock(counting_);
  const auto of = waiting_of_.find(owner);
  const bool is_limited = owner == kNobody ? setup_.owner_of != nullptr : !owner.empty();
  const bool has_half = is_limited && of != waiting_of_.end() && of->second >= (setup_.waiting + 1) / 2;
  if (waiting_ >= setup_.waiting || has_half) {
    throw Error(ErrorKind::budget, "too many devices wait for an answer; call again later");
  }
  ++waiting_;
  ++waiting_of_[owner];
}

void DeviceDesk::count_out(const std::string& owner) {
  const std::lock_guard lock(counting_);
  --waiting_;
  if (--waiting_of_[owner] == 0) waiting_of_.erase(owner);
}

void DeviceDesk::count_over(size_t number, const std::string& owner) {
  if (number == 0) return;
  const std::lock_guard lock(counting_);
  waiting_of_[owner] += number;
  if ((waiting_of_[kNobody] -= number) == 0) waiting_of_.erase(kNobody);
}

std::string DeviceDesk::owner_of(const std::string& ticket) const {
  if (!setup_.owner_of) return kNobody;
  try {
    return setup_.owner_of(ticket);
  } catch (const Error&) {
    return kNobody;
  }
}

void DeviceDesk::post(const std::string& ticket, engine::Relay relay, Work work) {
  Lane& lane = *lanes_[std::hash<std::string>()(ticket) % lanes_.size()];
  const std::string told = owner_of(ticket);
  const std::lock_guard lock(lane.mutex);
  auto visit = lane.visits.find(ticket);
  const bool comes = visit == lane.visits.end();
  const auto place = lane.places.find(ticket);
  const std::string owner = !comes ? visit->second->owner : place != lane.places.end() ? place->second.owner : told;
  count_in(owner);
  if (comes) {
    visit = lane.visits.emplace(ticket, std::make_shared<Visit>(Visit{ticket, owner})).first;
    lane.turns.put(owner, visit->second);
  }
  visit->second->requests.push_back({relay, std::move(work)});
  lane.more.notify_one();
}

/// One more of the same owner, as long as the turn lasts.
DeviceDesk::SharedVisit DeviceDesk::next(Lane& lane) {
  std::unique_lock lock(lane.mutex);
  if (Clock::now() < lane.turn_ends) {
    if (auto more = lane.turns.take_more()) return *more;
  }
  const auto work = [&] { return ends_ || !lane.turns.empty(); };
  if (lane.awaiting.empty()) {
    lane.more.wait_for(lock, kSweep, work);
  } else {
    lane.more.wait_for(lock, kLook, work);
    for (const SharedVisit& visit : std::exchange(lane.awaiting, {})) lane.turns.put(visit->owner, visit);
  }
  if (lane.turns.empty()) return nullptr;
  lane.turn_ends = Clock::now() + setup_.slice;
  return lane.turns.take();
}

Computing::Slice DeviceDesk::slices(Lane& lane, const SharedVisit& visit) {
  DeviceSession& session = *lane.places.at(visit->ticket).call->session;
  return [this, &lane, &session, visit] {
    try {
      if (session.compute(setup_.slice)) return true;
    } catch (const std::exception& failure) {
      visit->failure.emplace(ErrorKind::internal, failure.what());
    }
    const std::lock_guard lock(lane.mutex);
    lane.turns.put(visit->owner, visit);
    lane.more.notify_one();
    return false;
  };
}

void DeviceDesk::settle(Lane& lane, const SharedVisit& visit, Next next) {
  if (next == Next::compute) return computing_.put(visit->owner, slices(lane, visit));
  const std::lock_guard lock(lane.mutex);
  if (next == Next::await) return lane.awaiting.push_back(visit);
  if (next == Next::done) {
    visit->requests.pop_front();
    visit->taken_up = visit->heard = false;
  }
  if (visit->requests.empty()) {
    lane.visits.erase(visit->ticket);
  } else {
    lane.turns.put(visit->owner, visit);
  }
}

void DeviceDesk::serve(Lane& lane) {
  Clock::time_point swept = Clock::now();
  while (!ends_) {
    if (const SharedVisit visit = next(lane)) {
      lane.busy_since = Clock::now().time_since_epoch().count();
      const Next then = step(lane, *visit);
      rest(lane);
      lane.busy_since = 0;
      settle(lane, visit, then);
    }
    if (Clock::now() - swept > kSweep) {
      sweep(lane);
      swept = Clock::now();
    }
  }
  while (!lane.places.empty()) leave(lane, lane.places.begin());
}

DeviceDesk::Places::iterator DeviceDesk::enter(Lane& lane, const std::string& ticket, engine::Relay relay) {
  ++counters_.of(relay).sessions;
  const std::lock_guard lock(lane.mutex);
  return lane.places.emplace(ticket, Place{std::make_unique<DeviceCall>(relay), {}, kNobody}).first;
}

void DeviceDesk::leave(Lane& lane, Places::iterator place) {
  --counters_.of(place->second.call->relay).sessions;
  Place left;  // what it holds ends without the mutex
  const std::lock_guard lock(lane.mutex);
  left = std::move(place->second);
  lane.places.erase(place);
}

DeviceDesk::Places::iterator DeviceDesk::open(Lane& lane, const std::string& ticket, engine::Relay relay) {
  auto found = lane.places.find(ticket);
  if (found != lane.places.end() && found->second.call->relay != relay) {
    throw Error(ErrorKind::usage, "the session of this ticket speaks the other protocol");
  }
  if (found != lane.places.end() && found->second.call->session && found->second.call->session->is_left()) {
    leave(lane, found);  // its provider may be managed again by now
    found = lane.places.end();
  }
  if (found != lane.places.end() && found->second.call->session) return found;
  if (found == lane.places.end() && counters_.seram.sessions + counters_.ram_http.sessions >= setup_.sessions) {
    throw Error(ErrorKind::budget, "this service has as many devices as it may have; call again later");
  }
  std::unique_ptr<DeviceRun> run = setup_.open(ticket, relay);
  const std::string owner = run->owner();
  const bool taken_up = run->taken_up();
  ++(taken_up ? counters_.runs_taken_up : counters_.runs_begun);
  if (found == lane.places.end()) found = enter(lane, ticket, relay);
  found->second.call->waits_for.clear();
  found->second.call->waits = {};
  found->second.call->session.emplace(std::move(run), errands_);
  if (taken_up) found->second.call->take_up();
  const std::lock_guard lock(lane.mutex);
  found->second.owner = owner;
  return found;
}

/// It keeps its place, and asks again.
DeviceDesk::Places::iterator DeviceDesk::put_off(Lane& lane, Places::iterator place, const Request& request,
                                                 const Error& error, std::chrono::milliseconds waits) {
  place->second.heard = Clock::now();
  place->second.call->waits = waits;
  request.work.hear(place->second.call.get(), &error);
  return lane.places.end();
}

DeviceDesk::Places::iterator DeviceDesk::admit(Lane& lane, const std::string& ticket, const Request& request) {
  if (const auto place = lane.places.find(ticket); place != lane.places.end() && place->second.full) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(place->second.full_until - Clock::now());
    if (left.count() > 0) return put_off(lane, place, request, Error(*place->second.full), left);
    place->second.full.reset();
  }
  try {
    return open(lane, ticket, request.relay);
  } catch (const std::exception& failure) {
    const auto* told = dynamic_cast<const Error*>(&failure);
    const Error error = told != nullptr ? *told : Error(ErrorKind::internal, failure.what());
    auto place = lane.places.find(ticket);
    const bool full = error.cause() == "quota";
    if (error.kind() == ErrorKind::store || full) {
      if (place == lane.places.end()) place = enter(lane, ticket, request.relay);
      if (full) {
        place->second.full = error;
        place->second.full_until = Clock::now() + setup_.full;
      }
      return put_off(lane, place, request, error, full ? setup_.full : std::chrono::milliseconds(0));
    }
    counters_.refuse(error.kind());
    if (place != lane.places.end() && !place->second.call->session) leave(lane, place);
    request.work.hear(nullptr, &error);
    return lane.places.end();
  }
}

/// A defect: this session ends, and no other.
void DeviceDesk::fail(Lane& lane, Places::iterator place, const Request& request, const Error& error) {
  leave(lane, place);
  try {
    request.work.hear(nullptr, &error);
  } catch (const Error&) {
    // It was answered before it failed.
  }
}

/// For what is left of the turn.
DeviceSession::Standing DeviceDesk::go_on(const Lane& lane, DeviceSession& session) {
  using std::chrono::microseconds;
  const auto left = std::chrono::duration_cast<microseconds>(lane.turn_ends - Clock::now());
  return session.go_on(std::max(left, microseconds(0)));
}

DeviceDesk::Next DeviceDesk::step(Lane& lane, Visit& visit) {
  Request* request = nullptr;  // stays where it is, whatever comes behind it
  {
    const std::lock_guard lock(lane.mutex);
    request = &visit.requests.front();
    if (!visit.taken_up) count_out(visit.owner);
    visit.taken_up = true;
  }
  auto place = lane.places.find(visit.ticket);
  const bool known = place != lane.places.end() && place->second.call->session;
  if (!visit.heard) place = admit(lane, visit.ticket, *request);
  if (place == lane.places.end()) return Next::done;
  place->second.heard = Clock::now();
  if (!known) {  // to open it was a turn
    const std::lock_guard lock(lane.mutex);
    if (visit.owner == kNobody) count_over(visit.requests.size() - 1, place->second.owner);
    visit.owner = place->second.owner;
    return Next::again;
  }
  DeviceCall& call = *place->second.call;
  try {
    if (visit.failure) throw Error(*std::exchange(visit.failure, {}));
    if (call.rises) {
      const DeviceSession::Standing standing = go_on(lane, *call.session);
      if (standing == DeviceSession::Standing::computes) return Next::compute;
      if (standing == DeviceSession::Standing::awaits) return Next::await;
      call.taken_up();
    }
    if (!visit.heard && !request->work.hear(&call, nullptr)) return Next::done;
    visit.heard = true;
    switch (go_on(lane, *call.session)) {
      case DeviceSession::Standing::computes:
        return Next::compute;
      case DeviceSession::Standing::awaits:
        return Next::await;
      case DeviceSession::Standing::stands:
        request->work.answer(call);
    }
  } catch (const std::exception& failure) {
    fail(lane, place, *request, Error(ErrorKind::internal, failure.what()));
  }
  return Next::done;
}

void DeviceDesk::sweep(Lane& lane) {
  const Clock::time_point now = Clock::now();
  for (auto place = lane.places.begin(); place != lane.places.end();) {
    const auto each = place++;
    const auto& session = each->second.call->session;
    if (const std::lock_guard lock(lane.mutex); lane.visits.contains(each->first)) continue;
    const bool over = session && session->over();
    if (now - each->second.heard > (over ? std::min(setup_.silence, kLastWord) : setup_.silence)) leave(lane, each);
  }
}

void DeviceDesk::rest(Lane& lane) {
  const size_t most = std::max<size_t>(setup_.awake / lanes_.size(), 1);
  if (lane.places.size() <= most) return;
  size_t awake = 0;
  auto oldest = lane.places.end();
  {
    const std::lock_guard lock(lane.mutex);
    for (auto place = lane.places.begin(); place != lane.places.end(); ++place) {
      if (lane.visits.contains(place->first)) continue;  // it may be going on just now
      if (!place->second.call->session || !place->second.call->session->can_rest()) continue;
      ++awake;
      if (oldest == lane.places.end() || place->second.heard < oldest->second.heard) oldest = place;
    }
  }
  if (awake > most) leave(lane, oldest);
}

bool DeviceDesk::gets_on() const {
  if (!computing_.gets_on(setup_.longest)) return false;
  const Clock::duration now = Clock::now().time_since_epoch();
  return std::none_of(lanes_.begin(), lanes_.end(), [&](const std::unique_ptr<Lane>& lane) {
    const Clock::rep since = lane->busy_since;
    return since != 0 && now - Clock::duration(since) > setup_.longest;
  });
}

}  // namespace cw::service
