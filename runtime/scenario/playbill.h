// All that is to be played: scenarios times flavors, filtered, in a stable order, on as many cards at once as there are
// supplies.
//
// Thread rule: play_all makes one thread per supply, each with a stack of 16 MiB; `ended` is called on the calling
// thread, in the order of the bill.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "report/results.h"
#include "scenario/play.h"

namespace cw::scenario {

struct Filter {
  std::vector<std::string> tags{};     // all of them; "!slow": without
  std::vector<std::string> names{};    // patterns with *, any of them; empty: all
  std::vector<std::string> flavors{};  // any of them; empty: all
};

/// One entry of the bill.
struct Entry {
  Scenario scenario{};
  std::string flavor{};
  std::optional<report::Case> broken{};  // the file could not be read: this is its case
};

/// Reads the files and multiplies them with the flavors that the supply has. A scenario that wants none of these has
/// one entry with the first flavor that it names, to be skipped. Files that are broken become entries of their own.
/// Raises usage: the filter leaves nothing.
std::vector<Entry> make_bill(const engine::Bundle& bundle, const std::vector<std::string>& files, const Supply& supply,
                             const Filter& filter);

/// Plays the bill; `ended` is told of each case. What was not begun when `stop` turned true is left out.
void play_all(const Production& production, const std::vector<Entry>& bill,
              const std::vector<std::unique_ptr<Supply>>& supplies, const std::function<void(report::Case)>& ended);

}  // namespace cw::scenario
