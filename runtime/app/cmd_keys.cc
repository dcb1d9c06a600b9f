#include <iostream>
#include <memory>

#include <unistd.h>

#include "app/json_text.h"
#include "app/key_source.h"
#include "app/moment.h"
#include "app/table.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/hex.h"
#include "cmd_keys_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  KeysPlace place{};
  std::string name{};
  bool json = false;
};

std::string type_text(const crypto::KeyRecord& record) {
  if (!record.pair.empty()) return record.pair;
  return record.type_name() + " " + std::to_string(record.size * 8);
}

std::string moment_text(int64_t ms) { return ms == 0 ? std::string() : utc_text(ms); }

ExitStatus init(const Options& options) {
  const std::string place = options.place.where();
  if (crypto::is_pkcs11_uri(place)) {
    throw Error(ErrorKind::usage, "a token is initialized with its own tools; softhsm2-util --init-token for SoftHSM2");
  }
  crypto::Vault::make(place, key_passphrase(options.place.passphrase_file, "new passphrase of " + place + ": "));
  tell_audit(options.place.audit(), "key file made", "", {{"file", key_place_text(place)}});
  std::cout << printable(place) << " is made: sealed, without keys" << std::endl;
  return ExitStatus::ok;
}

ExitStatus list(const Options& options) {
  const std::vector<crypto::KeyRecord> records = key_records(*options.place.open());
  if (options.json) {
    ordered_json out = ordered_json::array();
    for (const crypto::KeyRecord& record : records) out.push_back(key_json(record));
    print_json(out);
    return ExitStatus::ok;
  }
  if (records.empty()) {
    std::cout << "there are no keys" << std::endl;
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"name", "purpose", "type", "version", "check values", "state", "expires", "origin"};
  for (const crypto::KeyRecord& record : records) {
    table.rows.push_back({record.title(), std::string(name_of(record.purpose)), type_text(record),
                          to_hex(record.version), kcv_text(record), std::string(name_of(record.state)),
                          moment_text(record.expires), record.origin});
  }
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  const crypto::KeyRecord record = key_record(*options.place.open(), options.name);
  if (options.json) {
    print_json(key_json(record));
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"", ""};
  const auto row = [&](const char* what, const std::string& value) {
    if (!value.empty()) table.rows.push_back({what, value});
  };
  row("name", record.title());
  row("owner", record.owner());
  row("purpose", std::string(name_of(record.purpose)));
  row("type", type_text(record));
  row("version", to_hex(record.version));
  row("diversification", record.diversification);
  row("check values", kcv_text(record));
  row("state", std::string(name_of(record.state)));
  row("created", moment_text(record.created));
  row("active from", moment_text(record.active_from));
  row("expires", moment_text(record.expires));
  row("changed", record.changed == record.created ? "" : moment_text(record.changed));
  row("origin", record.origin);
  row("replaced by", record.replaced_by == 0 ? "" : "generation " + std::to_string(record.replaced_by));
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return ExitStatus::ok;
}

}  // namespace

std::string kcv_text(const crypto::KeyRecord& record) {
  std::string out;
  for (const Bytes& kcv : record.kcvs) out += (out.empty() ? "" : " ") + to_hex(kcv);
  return out;
}

ordered_json key_json(const crypto::KeyRecord& record) {
  ordered_json out = {{"name", record.title()},
                      {"owner", record.owner()},
                      {"generation", record.generation},
                      {"purpose", name_of(record.purpose)},
                      {"type", record.type_name()},
                      {"size", record.size},
                      {"version", to_hex(record.version)},
                      {"diversification", record.diversification},
                      {"kcv", ordered_json::array()},
                      {"state", name_of(record.state)},
                      {"origin", record.origin}};
  for (const Bytes& kcv : record.kcvs) out["kcv"].push_back(to_hex(kcv));
  for (const auto& [name, value] : {std::pair{"created", record.created}, std::pair{"active_from", record.active_from},
                                    std::pair{"expires", record.expires}, std::pair{"changed", record.changed}}) {
    out[name] = value == 0 ? ordered_json(nullptr) : ordered_json(utc_text(value));
  }
  out["replaced_by"] = record.replaced_by == 0 ? ordered_json(nullptr) : ordered_json(record.replaced_by);
  return out;
}

void add_keys(CLI::App& program, Action& action) {
  CLI::App* keys = program.add_subcommand("keys", "Keys in custody: made, taken in, given out, replaced, ended");
  keys->require_subcommand(1);
  keys->footer(
      "Keys are in a sealed file, or in a token that a pkcs11: URI names. No command shows one, and none takes one as "
      "an\n"
      "argument: keys come in wrapped under another key, in components that people type, or from a private file.\n"
      "With --store, each change is a record of its audit.\n"
      "\n"
      "Examples:\n"
      "  cardwright keys init --keys keys.sealed --passphrase-file passphrase\n"
      "  cardwright keys generate isd --version 30 --keys keys.sealed --passphrase-file passphrase\n"
      "  cardwright keys list --keys keys.sealed --passphrase-file passphrase");

  const auto add_one = [&](const char* name, const char* what, ExitStatus (*work)(const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = keys->add_subcommand(name, what);
    options->place.add_to(*command);
    command->callback([options, work, &action] { action = [options, work] { return work(*options); }; });
    return std::pair(command, options);
  };
  add_one("init", "Make a sealed key file", init)
      .first->footer(
          "The passphrase file has 64 hexadecimal digits, which are then the key (openssl rand -hex 32), or anything "
          "else,\nwhich is then a passphrase (scrypt).\n"
          "\n"
          "Examples:\n"
          "  cardwright keys init --keys keys.sealed --passphrase-file passphrase");
  {
    const auto& [command, options] = add_one("list", "The keys there are, also those that were ended", list);
    command->add_flag("--json", options->json, "one JSON array");
    command->footer("Examples:\n  cardwright keys list --keys keys.sealed --passphrase-file passphrase");
  }
  {
    const auto& [command, options] = add_one("show", "What is known of one key", show);
    command->add_option("NAME", options->name, "as cardwright keys list has it")->required()->type_name("");
    command->add_flag("--json", options->json, "one JSON object");
    command->footer("Examples:\n  cardwright keys show isd --keys keys.sealed --passphrase-file passphrase");
  }
  add_keys_make(*keys, action);
  add_keys_wrap(*keys, action);
  add_keys_end(*keys, action);
  add_keys_backup(*keys, action);
}

}  // namespace cw::app
