#include "app/batch_events.h"

#include "app/json_text.h"
namespace cw::app {

using nlohmann::ordered_json;

namespace {

void write(std::ostream& out, const ordered_json& event) { out << json_line(event) << '\n' << std::flush; }

ordered_json error_json(const Error& error) { return {{"kind", name_of(error.kind())}, {"message", error.message()}}; }

}  // namespace

void BatchEvents::begins(const batch::Plan& plan) {
  readers_ = plan.readers;
  ordered_json half_way = ordered_json::array();
  for (const auto& each : plan.half_way)
    half_way.push_back({{"row", each.row}, {"card", each.card}, {"run", each.run}});
  write(out_, {{"event", "batch"},
               {"flow", plan.flow},
               {"bundle", bundle_.hash()},
               {"policy", policy_.name()},
               {"policy_hash", policy_.hash()},
               {"readers", plan.readers},
               {"rows", plan.rows},
               {"to_do", plan.to_do},
               {"done_before", plan.done_before},
               {"failed_before", plan.failed_before},
               {"quarantined_before", plan.quarantined_before},
               {"half_way", half_way}});
}

void BatchEvents::row_begins(size_t, const batch::Result& row) {
  write(out_, {{"event", "row_begin"},
               {"reader", row.reader},
               {"row", row.row},
               {"line", row.line},
               {"card", row.card},
               {"tries", row.tries},
               {"run", row.run}});
}

engine::Observer* BatchEvents::run(size_t reader, const batch::Result& row) {
  const ordered_json with = {{"reader", row.reader}, {"row", row.row}};
  runs_[reader] = std::make_unique<JsonEvents>(out_, commands_, with);
  return runs_[reader].get();
}

void BatchEvents::row_ends(size_t, const batch::Result& result) {
  ordered_json event = {{"event", "row_end"},    {"reader", result.reader},        {"row", result.row},
                        {"line", result.line},   {"state", name_of(result.state)}, {"card", result.card},
                        {"tries", result.tries}, {"seconds", result.seconds},      {"run", result.run}};
  if (!result.error.empty()) event["error"] = {{"kind", result.error}, {"message", result.message}};
  write(out_, event);
}

void BatchEvents::row_resumed(size_t reader, const batch::Result& result) { row_ends(reader, result); }

void BatchEvents::card_refused(size_t reader, const std::string& card, const std::string& why) {
  write(out_, {{"event", "refused"}, {"reader", readers_.at(reader)}, {"card", card}, {"why", why}});
}

void BatchEvents::card_unreadable(size_t reader, const Error& error) {
  write(out_, {{"event", "unreadable"}, {"reader", readers_.at(reader)}, {"error", error_json(error)}});
}

void BatchEvents::reader_ends(size_t reader, const std::string& why) {
  write(out_, {{"event", "reader_end"}, {"reader", readers_.at(reader)}, {"why", why}});
}

void write_end(std::ostream& out, const batch::Summary& summary, ExitStatus status, const std::optional<Error>& error) {
  ordered_json event = {
      {"event", "end"},           {"status", static_cast<int>(status)},     {"done", summary.done},
      {"failed", summary.failed}, {"quarantined", summary.quarantined},     {"stopped", summary.stopped},
      {"left", summary.left},     {"cards_refused", summary.cards_refused}, {"seconds", summary.seconds}};
  if (error) event["error"] = error_json(*error);
  write(out, event);
}

}  // namespace cw::app
