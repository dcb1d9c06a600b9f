#include "app/outbox_delivery.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <thread>

#include "app/backends.h"
#include "app/operator_name.h"
#include "app/terminal.h"
#include "base/error.h"
#include "net/http_client.h"

namespace cw::app {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

// Shorter than journal::kHold by what the resolution of a name may take.
constexpr milliseconds kCall{20'000};
constexpr milliseconds kShortestCall{500};
constexpr milliseconds kNap{200};

/// The network, for calls that are over by `end`, or by their own deadline.
engine::HttpTransport network_until(Clock::time_point end) {
  return [end, backends = Backends::configured()](const host::HttpCall& call) {
    net::HttpLimits limits = backends.limits(call.url);
    limits.deadline = std::clamp(duration_cast<milliseconds>(end - Clock::now()), kShortestCall, kCall);
    net::HttpResponse response = net::send({call.method, call.url, call.headers, call.body}, limits);
    return host::HttpReply{response.status, std::move(response.headers), std::move(response.body)};
  };
}

journal::Courier courier(const std::shared_ptr<store::Store>& store, Clock::time_point end) {
  return journal::Courier({store, network_until(end), engine::Inputs::real(), operator_name()});
}

std::string results(int64_t count) { return std::to_string(count) + (count == 1 ? " result" : " results"); }

}  // namespace

store::Left deliver_what_is_due(const std::shared_ptr<store::Store>& store, const DeliveryOptions& options) {
  const bool waits = options.wait > milliseconds::zero();
  const Clock::time_point end = waits ? Clock::now() + options.wait : Clock::time_point::max();
  journal::Courier courier = app::courier(store, end);
  const auto over = [&] {
    return Clock::now() >= end || (options.stop != nullptr && options.stop->load(std::memory_order_relaxed));
  };
  std::set<std::string> tried;
  for (;;) {
    while (!over()) {
      const auto outcome = courier.deliver_one();
      if (!outcome) break;
      if (options.told) options.told(*outcome);
      // Without a time to wait for, each has one try: what comes due again meanwhile is for the next time.
      if (!waits && !tried.insert(outcome->parcel.key).second) break;
    }
    const store::Left left = store->outbox().left();
    if (left.waiting == 0 || !waits || over()) return left;
    std::this_thread::sleep_for(std::min<Clock::duration>(kNap, end - Clock::now()));
  }
}

Tried deliver_of_run(const std::shared_ptr<store::Store>& store, const std::string& run, Clock::time_point end) {
  journal::Courier courier = app::courier(store, end);
  Tried tried;
  while (Clock::now() < end) {
    const auto outcome = courier.deliver_one(run);
    if (!outcome) break;
    if (outcome->what != journal::Courier::Outcome::What::delivered) tried.error = outcome->parcel.error;
  }
  tried.left = store->outbox().left(run);
  return tried;
}

std::string left_text(const Tried& tried, const std::string& whose) {
  const store::Left& left = tried.left;
  if (left.waiting + left.given_up == 0) return {};
  std::string text;
  if (left.waiting > 0) text = results(left.waiting) + " of " + whose + " not delivered yet";
  if (left.given_up > 0) text += (text.empty() ? "" : ", ") + results(left.given_up) + " refused by the backend";
  if (!tried.error.empty()) text += " (" + tried.error + ")";
  return printable(text) +
         (left.waiting > 0 ? "; goes out with: cardwright outbox deliver" : "; see: cardwright outbox list");
}

void deliver_for_run(const std::shared_ptr<store::Store>& store, const std::string& run) {
  try {
    const std::string text = left_text(deliver_of_run(store, run, Clock::now() + kAfterRun), "this run");
    if (!text.empty()) std::cerr << "cardwright: " << text << '\n';
  } catch (const Error& error) {
    std::cerr << "cardwright: looking for results of this run to deliver: " << printable(error.message()) << '\n';
  }
}

}  // namespace cw::app
