#include <iostream>
#include <memory>

#include "app/json_text.h"
#include "app/terminal.h"
#include "base/error.h"
#include "cmd_keys_private.h"
#include "journal/key_watch_store.h"

namespace cw::app {

namespace {

struct Options {
  KeysPlace place{};
  std::string name{};
  std::string reason{};
  bool json = false;
};

void say(const Options& options, const crypto::KeyRecord& record, const std::string& what) {
  if (options.json) {
    print_json(key_json(record));
  } else {
    std::cout << printable("key " + record.title() + " " + what) << std::endl;
  }
}

std::vector<std::pair<std::string, std::string>> details_of(const Options& options, const crypto::KeyRecord& record) {
  std::vector<std::pair<std::string, std::string>> out = {{"generation", std::to_string(record.generation)},
                                                          {"kcv", kcv_text(record)}};
  if (!options.reason.empty()) out.emplace_back("reason", options.reason);
  return out;
}

ExitStatus archive(const Options& options) {
  const auto keys = options.place.open_to_change();
  const auto store = store_of_runs(options.place);
  if (store) refuse_if_needed(*store, keys->record(options.name));
  const crypto::KeyRecord record = keys->archive(options.name);
  tell_audit(options.place.store.store ? store : nullptr, "key archived", record.title(), details_of(options, record));
  say(options, record, "is archived: kept, and not used any more");
  return ExitStatus::ok;
}

// In an emergency nothing is in its way: runs that need the key stop at it, and say so.
ExitStatus revoke(const Options& options) {
  const auto store = options.place.audit();
  const crypto::KeyRecord record = options.place.open_to_change()->revoke(options.name);
  tell_audit(store, "key revoked", record.title(), details_of(options, record));
  say(options, record, "is revoked: nobody may use it");
  return ExitStatus::ok;
}

ExitStatus destroy(const Options& options) {
  const auto keys = options.place.open_to_change();
  const auto store = store_of_runs(options.place);
  if (store) refuse_if_needed(*store, keys->record(options.name));
  const crypto::KeyRecord record = keys->destroy(options.name);
  tell_audit(options.place.store.store ? store : nullptr, "key destroyed", record.title(), details_of(options, record));
  say(options, record,
      crypto::is_pkcs11_uri(options.place.where()) ? "is destroyed in the token"
                                                   : "is destroyed; what is known of it stays");
  return ExitStatus::ok;
}

}  // namespace

std::shared_ptr<store::Store> store_of_runs(const KeysPlace& place) {
  return place.store.store ? place.store.open() : place.store.open_if_there(false);
}

void refuse_if_needed(store::Store& store, const crypto::KeyRecord& record) {
  journal::refuse_to_lose(store, record.title());
  if (record.title() != record.name) journal::refuse_to_lose(store, record.name);
  const std::string owner = record.owner();
  if (owner.empty()) return;
  // A flow of an owner names "acme/isd" "isd".
  for (const std::string& named : {record.title(), record.name}) {
    for (const store::KeyHolder& holder : store.runs().holders_of(named.substr(owner.size() + 1))) {
      if (store.runs().find(holder.run).owner != owner) continue;
      throw Error(ErrorKind::usage, "taking key set '" + record.title() + "' away: run " + holder.run +
                                        " is not over and goes on with it; end it first, with cardwright runs resume "
                                        "or runs stop " +
                                        holder.run);
    }
  }
}

void add_keys_end(CLI::App& keys, Action& action) {
  const auto add_one = [&](const char* name, const char* what, ExitStatus (*work)(const Options&), const char* more) {
    auto options = std::make_shared<Options>();
    CLI::App* command = keys.add_subcommand(name, what);
    command->add_option("NAME", options->name, "as cardwright keys list has it")->required()->type_name("");
    options->place.add_to(*command);
    command->add_option("--reason", options->reason, "why, for the audit")->type_name("TEXT");
    command->add_flag("--json", options->json, "one JSON object");
    command->footer(std::string(more) + "\n\nExamples:\n  cardwright keys " + name + " isd@1 --keys keys.sealed");
    command->callback([options, work, &action] { action = [options, work] { return work(*options); }; });
  };
  add_one("archive", "Keep a key and use it no more", archive,
          "Refused while a run of the store that is not over, or an open rotation of a card, needs it.");
  add_one("revoke", "Let nobody use a key any more, at once", revoke,
          "Runs that need it stop at their next channel. A backup that is restored does not bring it back.");
  add_one("destroy", "Take a key out of custody for ever", destroy,
          "Refused while a run of the store that is not over, or an open rotation of a card, needs it. Its record "
          "stays; of a "
          "key\nin a token, in the audit of --store.");
}

}  // namespace cw::app
