#include "scenario/playbill.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "base/pattern.h"
#include "base/threads.h"

namespace cw::scenario {

namespace {

bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const std::string& pattern) { return matches_pattern(pattern, name); });
}

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool tags_match(const Filter& filter, const Scenario& scenario) {
  return std::all_of(filter.tags.begin(), filter.tags.end(), [&](const std::string& tag) {
    return tag.starts_with('!') ? !has(scenario.tags, tag.substr(1)) : has(scenario.tags, tag);
  });
}

/// The flavors of a scenario's entries.
std::vector<std::string> flavors_for(const Scenario& scenario, const Supply& supply, const Filter& filter) {
  const std::vector<std::string> offered = supply.flavors();
  std::vector<std::string> out;
  for (const std::string& flavor : offered) {
    if (!filter.flavors.empty() && !has(filter.flavors, flavor)) continue;
    if (scenario.flavors.empty() || has(scenario.flavors, "*") || has(scenario.flavors, flavor)) out.push_back(flavor);
  }
  if (scenario.flavors.empty() && out.size() > 1) out.resize(1);
  return out;
}

Entry unplayable(const Scenario& scenario, const Supply& supply) {
  Entry entry{scenario, scenario.flavors.empty() ? supply.flavors().front() : scenario.flavors.front(), {}};
  report::Case skipped;
  skipped.name = scenario.name;
  skipped.summary = scenario.summary;
  skipped.file = scenario.file;
  skipped.flavor = entry.flavor;
  skipped.tags = scenario.tags;
  skipped.status = report::Case::Status::skipped;
  skipped.reason = "is for flavor " + entry.flavor + ", and the card is " + supply.flavors().front();
  entry.broken = std::move(skipped);
  return entry;
}

/// Hands entries out to the threads, and their cases back in order.
class Desk {
 public:
  Desk(size_t count, const std::atomic<bool>* stop) : cases_(count), stop_(stop) {}

  std::optional<size_t> take() {
    const std::lock_guard lock(mutex_);
    if (next_ == cases_.size() || stopped()) return {};
    return next_++;
  }
  void give(size_t number, report::Case done) {
    const std::lock_guard lock(mutex_);
    cases_[number] = std::move(done);
    ready_.notify_all();
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    ++left_;
    ready_.notify_all();
  }
  /// The case of entry `number`, or nothing if no thread will play it any more.
  std::optional<report::Case> wait_for(size_t number, size_t threads) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return cases_[number].has_value() || left_ == threads; });
    return std::move(cases_[number]);
  }

 private:
  bool stopped() const { return stop_ != nullptr && stop_->load(std::memory_order_relaxed); }

  std::mutex mutex_{};
  std::condition_variable ready_{};
  std::vector<std::optional<report::Case>> cases_;
  const std::atomic<bool>* stop_;
  size_t next_ = 0;
  size_t left_ = 0;
};

}  // namespace

std::vector<Entry> make_bill(const engine::Bundle& bundle, const std::vector<std::string>& files, const Supply& supply,
                             const Filter& filter) {
  std::vector<Entry> bill;
  for (const std::string& file : files) {
    Entry entry;
    try {
      entry.scenario = read_scenario(bundle, file);
    } catch (const Error& error) {
      entry.broken = broken(file, error);
      if (any_matches(filter.names, entry.broken->name)) bill.push_back(std::move(entry));
      continue;
    }
    if (!tags_match(filter, entry.scenario) || !any_matches(filter.names, entry.scenario.name)) continue;
    const std::vector<std::string> flavors = flavors_for(entry.scenario, supply, filter);
    if (flavors.empty() && filter.flavors.empty()) bill.push_back(unplayable(entry.scenario, supply));
    for (const std::string& flavor : flavors) bill.push_back({entry.scenario, flavor, {}});
  }
  if (bill.empty()) {
    throw Error(ErrorKind::usage, "no scenario is left to play: the filter (--tag, --name, --flavor) leaves none of " +
                                      std::to_string(files.size()));
  }
  return bill;
}

void play_all(const Production& production, const std::vector<Entry>& bill,
              const std::vector<std::unique_ptr<Supply>>& supplies, const std::function<void(report::Case)>& ended) {
  Desk desk(bill.size(), production.stop);
  const auto work = [&](Supply& supply) {
    while (const auto number = desk.take()) {
      const Entry& entry = bill[*number];
      desk.give(*number, entry.broken ? *entry.broken : play(production, entry.scenario, supply, entry.flavor));
    }
    desk.leave();
  };
  Threads threads;
  for (const auto& supply : supplies) {
    threads.start([&work, &supply = *supply] { work(supply); });
  }
  for (size_t number = 0; number < bill.size(); ++number) {
    if (auto done = desk.wait_for(number, supplies.size())) ended(std::move(*done));
  }
}

}  // namespace cw::scenario
