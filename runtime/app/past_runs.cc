#include "app/past_runs.h"

#include <CLI/CLI.hpp>

#include "app/desk_place.h"
#include "app/interrupt.h"
#include "app/moment.h"
#include "app/terminal.h"
#include "base/error.h"

namespace cw::app {

void PastOptions::add_to(CLI::App& command) {
  add_owner_to(command, owner);
  command.add_option("--since", since, "runs that began so long ago or later: 90d, 12h, 30m")
      ->capture_default_str()
      ->type_name("AGE");
  command.add_option("--flow", flow, "of these flows alone; * is any run of characters")->type_name("PATTERN");
  command.add_flag("--json", json, "one JSON object");
}

nlohmann::ordered_json Tried::not_tried_json() const {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& [id, why] : not_tried) out.push_back({{"run", id}, {"because", why}});
  return out;
}

std::string Tried::summary(const std::string& since) const {
  std::string out = ": " + std::to_string(changed) + " of " + std::to_string(runs) + (runs == 1 ? " run" : " runs") +
                    " of the last " + printable(since) + " would have gone another way";
  if (not_tried.empty()) return out;
  return out + "; " + std::to_string(not_tried.size()) + " could not be tried, such as " + not_tried[0].first + ": " +
         printable(not_tried[0].second);
}

void try_past_runs(const PastOptions& options, store::Store& store, Tried& tried,
                   const std::function<std::string(const store::RunRow&)>& try_one) {
  const int64_t from = now_ms() - parse_age(options.since);
  const Interrupt interrupt;
  store::RunFilter filter;
  filter.flow = options.flow;
  if (!options.owner.empty()) filter.owner = options.owner;
  for (const store::RunRow& row : store.runs().list(filter)) {
    if (row.created < from) break;  // the newest come first
    if (interrupt.requested()) throw Error(ErrorKind::usage, "stopped by a signal; nothing was changed");
    std::string why_not;
    try {
      why_not = try_one(row);
    } catch (const Error& error) {
      why_not = error.message();
    }
    if (why_not.empty()) {
      ++tried.runs;
    } else {
      tried.not_tried.emplace_back(row.id, why_not);
    }
  }
}

}  // namespace cw::app
