// Results that runs handed over are brought to their backends by this process, while it has time for it. What does not
// arrive stays in the outbox of the store, for this or another process.
//
// Thread rule: plain functions; they block.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "journal/courier.h"
#include "store/store.h"

namespace cw::app {

struct DeliveryOptions {
  std::chrono::milliseconds wait{0};        // for what is not due yet; 0: what is due, once
  const std::atomic<bool>* stop = nullptr;  // ends it before the next parcel; may be null
  std::function<void(const journal::Courier::Outcome&)> told{};
};

/// Delivers what is due until nothing waits any more or the time is over; returns what is left then. Raises store.
store::Left deliver_what_is_due(const std::shared_ptr<store::Store>& store, const DeliveryOptions& options);

/// After a run: tries once, at once, what it handed over, for five seconds at most, and says in one line on standard
/// error what is left. Raises nothing: the run is over, and the outbox has it.
void deliver_for_run(const std::shared_ptr<store::Store>& store, const std::string& run);

}  // namespace cw::app
