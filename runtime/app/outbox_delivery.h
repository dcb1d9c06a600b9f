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

/// So long a run, or a batch, tries what it handed over once it has ended.
inline constexpr std::chrono::milliseconds kAfterRun{5'000};

struct DeliveryOptions {
  std::chrono::milliseconds wait{0};        // for what is not due yet; 0: what is due, once
  const std::atomic<bool>* stop = nullptr;  // ends it before the next parcel; may be null
  std::function<void(const journal::Courier::Outcome&)> told{};
};

/// Delivers what is due until nothing waits any more or the time is over; returns what is left then. Raises store.
store::Left deliver_what_is_due(const std::shared_ptr<store::Store>& store, const DeliveryOptions& options);

/// Tries what a run handed over, until `end` at most, and returns what is left of it. Raises store.
struct Tried {
  store::Left left{};
  std::string error{};  // of the last one that was not taken, or empty
};
Tried deliver_of_run(const std::shared_ptr<store::Store>& store, const std::string& run,
                     std::chrono::steady_clock::time_point end);

/// "2 results of this run not delivered yet (...); goes out with: ...", for one line; nothing is left: empty. `whose`:
/// "this run".
std::string left_text(const Tried& tried, const std::string& whose);

/// After a run: tries once, at once, what it handed over, for five seconds at most, and says in one line on standard
/// error what is left. Raises nothing: the run is over, and the outbox has it.
void deliver_for_run(const std::shared_ptr<store::Store>& store, const std::string& run);

}  // namespace cw::app
