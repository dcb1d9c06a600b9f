#include <iostream>
#include <memory>

#include <unistd.h>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/table.h"
#include "app/terminal.h"
#include "base/hex.h"
#include "cmd_ca_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  service::OperatorCommand query{Ask::certificate_list, {}, {}};
  std::string ends_within{};
  std::string serial{};
  bool json = false;
  bool pem = false;
  bool hex = false;
};

std::string moment_in(const ordered_json& of, const char* name) {
  const int64_t ms = of.at(name).get<int64_t>();
  return ms == 0 ? std::string() : utc_text(ms);
}

ExitStatus list(const Options& options) {
  service::OperatorCommand query = options.query;
  std::erase_if(query.words, [](const auto& word) { return word.second.empty(); });
  if (!options.ends_within.empty()) query.numbers["ends_by"] = now_ms() + parse_age(options.ends_within);
  const ordered_json all = options.place.answer(query).at("certificates");
  if (options.json) {
    print_json(all);
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"serial", "profile", "subject", "owner", "domain", "state", "until"};
  for (const ordered_json& one : all) {
    table.rows.push_back({text_in(one, "serial"), text_in(one, "profile"), text_in(one, "subject"),
                          text_in(one, "owner"), text_in(one, "domain"), text_in(one, "state"),
                          moment_in(one, "not_after")});
  }
  if (table.rows.empty()) {
    std::cout << "there are no such certificates" << std::endl;
  } else {
    std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  }
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  const ordered_json shown = options.place.answer({Ask::certificate_show, {{"serial", options.serial}}, {}});
  if (options.json) {
    print_json(shown);
    return ExitStatus::ok;
  }
  if (options.hex) {
    std::cout << to_hex(crypto::certificate_der(view(text_in(shown, "pem")))) << std::endl;
    return ExitStatus::ok;
  }
  if (options.pem) {
    std::cout << text_in(shown, "pem") << std::flush;
    return ExitStatus::ok;
  }
  const ordered_json& one = shown.at("certificate");
  Table table;
  table.columns = {"", ""};
  const auto row = [&](const char* what, const std::string& value) {
    if (!value.empty()) table.rows.push_back({what, value});
  };
  const auto byte = [&](const char* name) { return to_hex(static_cast<uint8_t>(one.at(name).get<int64_t>())); };
  std::string names;
  for (const ordered_json& name : shown.at("names")) names += (names.empty() ? "" : ", ") + name.get<std::string>();
  row("serial", text_in(one, "serial"));
  row("subject", text_in(one, "subject"));
  row("names", names);
  row("profile", text_in(one, "profile"));
  row("key", text_in(shown, "key"));
  row("issued by", text_in(one, "authority"));
  row("owner", text_in(one, "owner"));
  row("card", text_in(one, "card"));
  row("domain", text_in(one, "domain"));
  if (!text_in(one, "domain").empty())
    row("key on the card", "id " + byte("key_id") + ", version " + byte("key_version"));
  row("state", text_in(one, "state"));
  row("from", moment_in(one, "not_before"));
  row("until", moment_in(one, "not_after"));
  row("issued", moment_in(one, "issued") + " by " + text_in(one, "issued_by"));
  row("revoked", moment_in(one, "revoked"));
  row("reason", text_in(one, "reason"));
  row("replaced by", text_in(one, "replaced_by"));
  row("SHA-256", text_in(shown, "sha256"));
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_ca_query(CLI::App& ca, Action& action) {
  {
    auto options = std::make_shared<Options>();
    CLI::App* command = ca.add_subcommand("list", "Certificates that were issued");
    options->place.add_to(*command);
    const auto word = [&](const char* option, const char* name, const char* what, const char* type) {
      command->add_option(option, options->query.words[name], what)->type_name(type);
    };
    word("--authority", "authority", "of this authority alone", "NAME");
    word("--subject", "subject", "whose subject has this in it", "TEXT");
    word("--profile", "profile", "ca, server, client, domain or ocsp", "PROFILE");
    word("--state", "state", "valid, replaced, revoked, expired or 'not yet valid'", "STATE");
    word("--card", "card", "of keys in this card", "CARD");
    word("--domain", "domain", "of keys in the security domain of this AID", "AID");
    command->add_option("--ends-within", options->ends_within, "good now, and not for longer than that, as in 30d")
        ->type_name("AGE");
    command->add_flag("--json", options->json, "one JSON array");
    command->footer(
        "An owner sees their own alone, here with --owner and at a service by their certificate.\n"
        "\n"
        "Examples:\n"
        "  cardwright ca list\n"
        "  cardwright ca list --ends-within 30d\n"
        "  cardwright ca list --owner acme --state revoked");
    command->callback([options, &action] { action = [options] { return list(*options); }; });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* command = ca.add_subcommand("show", "What is known of one certificate");
    options->place.add_to(*command);
    command->add_option("SERIAL", options->serial, "as cardwright ca list has it, or the name of an authority")
        ->required()
        ->type_name("");
    CLI::Option* pem = command->add_flag("--pem", options->pem, "the certificate alone");
    CLI::Option* hex =
        command->add_flag("--hex", options->hex, "the certificate alone: DER in hexadecimal, as flows take it");
    hex->excludes(pem);
    command->add_flag("--json", options->json, "one JSON object, the certificate in it")->excludes(pem)->excludes(hex);
    command->footer("Examples:\n  cardwright ca show root --pem > root.pem\n  cardwright ca show 5C0E...");
    command->callback([options, &action] { action = [options] { return show(*options); }; });
  }
}

}  // namespace cw::app
