// The runs that have been, to try something else on: a policy, other scripts.
//
// Thread rule: plain functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/store_place.h"
#include "store/store.h"

namespace CLI {
class App;
}

namespace cw::app {

struct PastOptions {
  StorePlace place{};
  std::string owner{};  // of theirs alone; empty: all
  std::string since = "7d";
  std::string flow{};
  bool json = false;

  /// --owner, --since, --flow and --json.
  void add_to(CLI::App& command);
};

/// What came of trying all of them.
struct Tried {
  int64_t runs = 0;
  int64_t changed = 0;
  std::vector<std::pair<std::string, std::string>> not_tried{};  // id, and why

  nlohmann::ordered_json not_tried_json() const;
  /// ": 2 of 5 runs of the last 7d would have gone another way", and what could not be tried.
  std::string summary(const std::string& since) const;
};

/// Calls `try_one` for each, the newest first; what it gives is why the run cannot be tried, or empty. So does an Error
/// that it raises. Raises usage: stopped by a signal; store.
void try_past_runs(const PastOptions& options, store::Store& store, Tried& tried,
                   const std::function<std::string(const store::RunRow&)>& try_one);

}  // namespace cw::app
