#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/failure.h"
#include "app/json_text.h"
#include "app/lost_keys.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/store_place.h"
#include "app/table.h"
#include "cmd_store_private.h"
#include "store/retention.h"
#include "store/schema.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string older_than{};
  bool dry_run = false;
  bool json = false;
};

ExitStatus check(const Options& options) {
  const auto opened = options.place.open_to_read();
  const store::Store::Check found = opened->check();
  std::vector<std::string> lost_keys;
  for (const store::RunRow& row : found.broken.empty() ? opened->runs().list({}) : std::vector<store::RunRow>()) {
    for (std::string& line : lost_key_lines(*opened, row)) lost_keys.push_back(std::move(line));
  }
  if (options.json) {
    ordered_json states = ordered_json::object();
    for (const auto& [state, count] : found.states) states[state] = count;
    print_json({{"store", opened->where()},
                {"format", found.format},
                {"runs", found.runs},
                {"states", states},
                {"frames", found.frames},
                {"files", found.files},
                {"audit_records", found.audit_records},
                {"lost_keys", lost_keys},
                {"broken", found.broken}});
  } else {
    std::string runs = std::to_string(found.runs);
    for (size_t i = 0; i < found.states.size(); ++i) {
      runs += (i == 0 ? ": " : ", ") + std::to_string(found.states[i].second) + " " + found.states[i].first;
    }
    Table table{{}, {"", ""}, {}};
    table.rows = {{"store", opened->where()},
                  {"format", std::to_string(found.format)},
                  {"runs", runs},
                  {"frames", std::to_string(found.frames)},
                  {"files", std::to_string(found.files)},
                  {"audit records", std::to_string(found.audit_records)}};
    std::cout << table.format(Terminal::of(STDOUT_FILENO));
    for (const std::string& line : lost_keys) std::cout << "keys: " << printable(line) << '\n';
    for (const std::string& line : found.broken) std::cout << "broken: " << printable(line) << '\n';
  }
  if (found.broken.empty()) return ExitStatus::ok;
  complain({ErrorKind::store, "the store " + opened->where() + " is broken in " + std::to_string(found.broken.size()) +
                                  (found.broken.size() == 1 ? " place" : " places") +
                                  "; keep it as evidence, and bring back a copy of it"});
  return ExitStatus::refused;
}

ExitStatus migrate(const Options& options) {
  store::StoreOptions wanted = options.place.options();
  int64_t before = 0;
  {
    const auto db = store::open_database(wanted.where, false);
    before = store::bring_up(*db, store::formats(), false, true);
  }
  const bool changed = before != store::kStoreFormat;
  if (changed) {
    options.place.open_to_change()->audit().add(
        {operator_name(),
         "store migrated",
         "",
         {{"from", std::to_string(before)}, {"to", std::to_string(store::kStoreFormat)}}});
  }
  if (options.json) {
    print_json({{"from", before}, {"to", store::kStoreFormat}});
  } else if (changed) {
    std::cout << "the store had format " << before << " and has format " << store::kStoreFormat << " now" << std::endl;
  } else {
    std::cout << "the store has format " << before << ", the newest: nothing to do" << std::endl;
  }
  return ExitStatus::ok;
}

/// "3 runs, 1 delivered parcel, 0 charges and 2 decided rotations".
std::string text_of(const store::Forgettable& what) {
  const auto some = [](int64_t count, const std::string& name) {
    return std::to_string(count) + " " + name + (count == 1 ? "" : "s");
  };
  return some(what.runs, "run") + ", " + some(what.parcels, "delivered parcel") + ", " + some(what.charges, "charge") +
         " and " + some(what.rotations, "decided rotation");
}

ExitStatus forget(const Options& options) {
  const int64_t before = now_ms() - parse_age(options.older_than);
  const auto opened = options.dry_run ? options.place.open_to_read() : options.place.open_to_change();
  store::Forgotten done;
  if (options.dry_run) {
    done.what = store::forgettable(*opened, before);
  } else {
    done = store::forget(*opened, before, operator_name(), options.older_than);
  }
  const store::Forgettable& what = done.what;
  if (options.json) {
    print_json({{"runs", what.runs},
                {"parcels", what.parcels},
                {"charges", what.charges},
                {"rotations", what.rotations},
                {"over_before", utc_text(before)},
                {"off_disk", done.off_disk},
                {"dry_run", options.dry_run}});
  } else {
    std::cout << text_of(what) << " that were over before " << utc_text(before)
              << (options.dry_run ? " would be forgotten" : " forgotten") << std::endl;
  }
  if (!done.off_disk) {
    std::cerr << "cardwright: another process reads " << opened->where()
              << ", so its log still holds what was forgotten; run this again when that one is done\n";
  }
  return ExitStatus::ok;
}

}  // namespace

void add_store_check(CLI::App& store, Action& action) {
  CLI::App* command = store.add_subcommand("check", "Read all of it; say what is there, and what is broken");
  auto options = std::make_shared<Options>();
  options->place.add_to(*command);
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Exit status 1: something is broken. What is, stands on a line of its own.\n"
      "\n"
      "Examples:\n"
      "  cardwright store check\n"
      "  cardwright store check --store postgres://cards@db1/cardwright --store-key store.key --json");
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

void add_store_migrate(CLI::App& store, Action& action) {
  CLI::App* command = store.add_subcommand("migrate", "Bring a store of an older format to this one");
  auto options = std::make_shared<Options>();
  options->place.add_to(*command);
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Stop what uses the store, and make a copy of it, before. An older cardwright cannot read it afterwards.\n"
      "\n"
      "Examples:\n"
      "  cardwright store migrate --store runs.db");
  command->callback([options, &action] { action = [options] { return migrate(*options); }; });
}

void add_store_forget(CLI::App& store, Action& action) {
  CLI::App* command = store.add_subcommand("forget", "Delete runs that were over long ago");
  auto options = std::make_shared<Options>();
  options->place.add_to(*command);
  command->add_option("--older-than", options->older_than, "age since their end: 90d, 12h, 30m")
      ->required()
      ->type_name("AGE");
  command->add_flag("--dry-run", options->dry_run, "say how many, and delete nothing");
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Their journals and keys go, and files that no other run names; so do results that were delivered, charges that\n"
      "count no more, and key rotations that were decided. A run whose results are still on their way stays. The "
      "audit\n"
      "keeps what it says of all this, and names each run that is forgotten.\n"
      "\n"
      "Examples:\n"
      "  cardwright store forget --older-than 90d --dry-run\n"
      "  cardwright store forget --older-than 90d");
  command->callback([options, &action] { action = [options] { return forget(*options); }; });
}

void add_store(CLI::App& program, Action& action) {
  CLI::App* store = program.add_subcommand("store", "Look after the store of runs, audit and budgets");
  store->require_subcommand(1);
  store->footer(
      "Examples:\n"
      "  cardwright store check\n"
      "  cardwright store export store.copy\n"
      "  cardwright store forget --older-than 90d");
  add_store_check(*store, action);
  add_store_migrate(*store, action);
  add_store_copy(*store, action);
  add_store_forget(*store, action);
}

}  // namespace cw::app
