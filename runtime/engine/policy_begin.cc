#include <algorithm>

#include "base/suggest.h"
#include "plain_fields_private.h"
#include "policy_begin_private.h"

namespace cw::engine {

namespace {

constexpr int64_t kMostRuns = 1'000'000'000;

uint8_t days_of(const std::string& place, const Plain& plain) {
  std::vector<std::string> names;
  if (const auto* one = plain.as<std::string>()) {
    names.push_back(*one);
  } else {
    names = fields::texts(place, plain);
  }
  uint8_t out = 0;
  for (const std::string& name : names) {
    const uint8_t days = TimeWindow::parse_days(name);
    if (days == 0) fields::fail(place, "'" + name + "' is no day such as mon, and no days such as mon-fri");
    out = static_cast<uint8_t>(out | days);
  }
  if (out == 0) fields::fail(place, "needs a day at least");
  return out;
}

int time_of(const std::string& place, const Plain& plain) {
  const std::string text = fields::text(place, plain);
  const int out = TimeWindow::parse_time(text);
  if (out < 0) fields::fail(place, "'" + text + "' is no time such as 08:00, 24:00 at the latest");
  return out;
}

}  // namespace

std::string Quota::text() const {
  std::string names;
  for (const std::string& flow : flows) names += (names.empty() ? "" : ", ") + flow;
  const char* of_what = of == Of::hour ? " per hour" : of == Of::day ? " per day" : " at once";
  return std::to_string(runs) + " runs of " + names + of_what;
}

TimeWindow read_window(const std::string& place, const Plain& plain, bool op) {
  if (op) {
    fields::known(place, plain, {"op", "days", "from", "to"});
  } else {
    fields::known(place, plain, {"days", "from", "to"});
  }
  TimeWindow out;
  if (const Plain* days = plain.get("days")) out.days = days_of(place + ".days", *days);
  if (const Plain* from = plain.get("from")) out.from = time_of(place + ".from", *from);
  if (const Plain* to = plain.get("to")) out.to = time_of(place + ".to", *to);
  if (out.from == 24 * 60) fields::fail(place + ".from", "24:00 is the next day's 00:00; write that");
  if (out.from == out.to) fields::fail(place, "it ends when it begins");
  return out;
}

std::vector<TimeWindow> read_windows(const std::string& place, const Plain& plain) {
  std::vector<TimeWindow> out;
  size_t number = 0;
  for (const Plain& each : fields::list(place, plain)) {
    out.push_back(read_window(place + "[" + std::to_string(++number) + "]", each));
  }
  if (out.empty()) fields::fail(place, "is empty, so no run could begin; allow.flows = {} says that");
  return out;
}

std::vector<Quota> read_quotas(const std::string& place, const Plain& plain) {
  std::vector<Quota> out;
  size_t number = 0;
  for (const Plain& each : fields::list(place, plain)) {
    const std::string here = place + "[" + std::to_string(++number) + "]";
    fields::known(here, each, {"flows", "per_hour", "per_day", "at_once"});
    const size_t before = out.size();
    const std::vector<std::string> flows = fields::texts(here + ".flows", fields::need(here, each, "flows"));
    if (flows.empty()) fields::fail(here + ".flows", "needs a flow at least; \"*\" is all of them");
    for (const auto& [name, of] :
         {std::pair{"per_hour", Quota::Of::hour}, {"per_day", Quota::Of::day}, {"at_once", Quota::Of::at_once}}) {
      const Plain* value = each.get(name);
      if (value == nullptr) continue;
      const int64_t runs = fields::number(here + "." + name, *value);
      if (runs < 1 || runs > kMostRuns) fields::fail(here + "." + name, "must be 1.." + std::to_string(kMostRuns));
      out.push_back({flows, runs, of, here});
    }
    if (out.size() == before) fields::fail(here, "says how many of nothing; write per_hour, per_day or at_once");
  }
  return out;
}

std::set<std::string> read_approval(const std::string& place, const Plain& plain) {
  const std::vector<std::string> actions = {"policy use",      "policy rollback", "bundle use",
                                            "bundle rollback", "owner approve",   "consent give"};
  std::set<std::string> out;
  for (const std::string& name : fields::texts(place, plain)) {
    if (std::find(actions.begin(), actions.end(), name) == actions.end()) {
      fields::fail(place, "there is no '" + name + "' that could be approved" + did_you_mean(name, actions));
    }
    out.insert(name);
  }
  return out;
}

}  // namespace cw::engine
