#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/outbox_delivery.h"
#include "app/store_place.h"
#include "app/table.h"
#include "base/error.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using std::chrono::milliseconds;
using What = journal::Courier::Outcome::What;

struct Options {
  StorePlace place{};
  bool all = false;
  bool json = false;
  std::string wait{};
  std::string key{};
};

/// "500ms", "30s", "5m", "1h". Raises usage.
milliseconds parse_wait(const std::string& text) {
  constexpr std::pair<const char*, int64_t> kUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
  uint32_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  for (const auto& [unit, size] : kUnits) {
    if (read.ec == std::errc() && read.ptr != text.data() && std::string_view(read.ptr) == unit) {
      return std::min(milliseconds(count * size), milliseconds(std::chrono::hours(24 * 30)));
    }
  }
  throw Error(ErrorKind::usage, "--wait " + text + ": expected a time as 30s, 5m or 1h");
}

std::string_view state_of(const store::Parcel& parcel) {
  return parcel.delivered ? "delivered" : parcel.given_up ? "given up" : parcel.tries == 0 ? "new" : "waiting";
}

/// When it is due, as people say it.
std::string due_text(const store::Parcel& parcel, int64_t now) {
  if (parcel.delivered || parcel.given_up) return "";
  const int64_t seconds = (parcel.due - now + 999) / 1'000;
  if (seconds <= 0) return "now";
  return seconds < 120 ? "in " + std::to_string(seconds) + " s" : "in " + std::to_string(seconds / 60) + " min";
}

ordered_json json_of(const store::Parcel& parcel) {
  return {{"key", parcel.key},     {"run", parcel.run},         {"name", parcel.name},
          {"url", parcel.url},     {"state", state_of(parcel)}, {"due", parcel.due},
          {"tries", parcel.tries}, {"error", parcel.error},     {"created", parcel.created}};
}

ExitStatus list(const Options& options) {
  const std::vector<store::Parcel> parcels = options.place.open_to_read()->outbox().list(options.all);
  if (options.json) {
    ordered_json all = ordered_json::array();
    for (const store::Parcel& parcel : parcels) all.push_back(json_of(parcel));
    print_json(all);
    return ExitStatus::ok;
  }
  if (parcels.empty()) {
    std::cout << (options.all ? "the outbox is empty" : "nothing is left to deliver") << std::endl;
    return ExitStatus::ok;
  }
  const int64_t now = now_ms();
  Table table;
  table.columns = {"key", "run", "name", "backend", "state", "tries", "due", "last error"};
  for (const store::Parcel& parcel : parcels) {
    table.rows.push_back({parcel.key, parcel.run, parcel.name, parcel.url, std::string(state_of(parcel)),
                          std::to_string(parcel.tries), due_text(parcel, now), parcel.error});
  }
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return ExitStatus::ok;
}

void print(const journal::Courier::Outcome& outcome) {
  const store::Parcel& parcel = outcome.parcel;
  std::string text = parcel.name + " of run " + parcel.run + " to " + parcel.url + ": ";
  if (outcome.what == What::delivered) text += "delivered";
  if (outcome.what == What::again) {
    text += parcel.error + "; again " + due_text(parcel, now_ms());
  }
  if (outcome.what == What::given_up) text += parcel.error + "; given up: cardwright outbox retry " + parcel.key;
  std::cout << printable(text) << std::endl;
}

ExitStatus deliver(const Options& options) {
  DeliveryOptions delivery;
  if (!options.wait.empty()) delivery.wait = parse_wait(options.wait);
  const Interrupt interrupt;
  const auto store = options.place.open_to_change();
  bool refused = false;
  delivery.stop = &interrupt.requested();
  delivery.told = [&](const journal::Courier::Outcome& outcome) {
    refused = refused || outcome.what == What::given_up;
    print(outcome);
  };
  const store::Left left = deliver_what_is_due(store, delivery);
  if (interrupt.requested()) return ExitStatus::interrupted;
  if (left.waiting > 0) std::cerr << "cardwright: " << left.waiting << " still to be delivered\n";
  return left.waiting > 0 || refused ? ExitStatus::refused : ExitStatus::ok;
}

ExitStatus retry(const Options& options) {
  const auto store = options.place.open_to_change();
  store->outbox().retry(options.key);
  store->audit().add({operator_name(), "parcel tried again", options.key, {}});
  return ExitStatus::ok;
}

}  // namespace

void add_outbox(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("outbox", "Results on their way to a backend");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* listing = command->add_subcommand("list", "What is still to be delivered");
  options->place.add_to(*listing);
  listing->add_flag("--all", options->all, "what was delivered, too");
  listing->add_flag("--json", options->json, "one JSON array");
  listing->callback([options, &action] { action = [options] { return list(*options); }; });

  CLI::App* delivering = command->add_subcommand("deliver", "Deliver what is due");
  options->place.add_to(*delivering);
  delivering->add_option("--wait", options->wait, "then go on until nothing is left, for so long")->type_name("TIME");
  delivering->footer(
      "Any number of these may go on at the same time, on any machine that has the store. Exit status 1: something is\n"
      "still to be delivered, or a backend refused a result for good.\n"
      "\n"
      "Examples:\n"
      "  cardwright outbox deliver\n"
      "  cardwright outbox deliver --wait 30s");
  delivering->callback([options, &action] { action = [options] { return deliver(*options); }; });

  CLI::App* retrying = command->add_subcommand("retry", "Try a result again now that was given up, or is due later");
  options->place.add_to(*retrying);
  retrying->add_option("KEY", options->key, "its key, as cardwright outbox list shows it")->required()->type_name("");
  retrying->callback([options, &action] { action = [options] { return retry(*options); }; });
}

}  // namespace cw::app
