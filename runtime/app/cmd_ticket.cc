#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/operator_name.h"
#include "base/error.h"

namespace cw::app {

namespace {

struct Options {
  DeskPlace place{};
  std::string flow{};
  std::string flavor{};
  std::string card{};
  std::string lifetime = "1h";
  unsigned count = 1;
  std::vector<std::string> settings{};
};

ExitStatus issue(const Options& options) {
  service::OperatorCommand command{service::Ask::ticket_issue, {{"flow", options.flow}}, {}};
  const auto say = [&](const char* name, const std::string& value) {
    if (!value.empty()) command.words[name] = value;
  };
  std::string settings;
  for (const std::string& setting : options.settings) {
    if (setting.find('\n') != std::string::npos) {
      throw Error(ErrorKind::usage, "an argument of a ticket is one line; put longer text into a file, NAME=@FILE");
    }
    settings += setting + "\n";
  }
  say("settings", settings);
  say("flavor", options.flavor);
  say("card", options.card);
  say("expires", options.lifetime);
  const std::unique_ptr<service::Desk> desk = options.place.desk();
  for (unsigned i = 0; i < options.count; ++i) {
    std::cout << text_in(desk->answer(command, operator_name()), "ticket") << std::endl;
  }
  return ExitStatus::ok;
}

}  // namespace

void add_ticket(CLI::App& program, Action& action) {
  CLI::App* command =
      program.add_subcommand("ticket", "A ticket for a device: when it calls the service, a run begins");
  auto options = std::make_shared<Options>();
  command->add_option("FLOW", options->flow, "name in the bundle in use")->required()->type_name("");
  options->place.add_to(*command);
  command->add_option("--flavor", options->flavor, "what product the device's card is (default: generic)")
      ->type_name("FLAVOR");
  command
      ->add_option("--card", options->card,
                   "identity of the card that it is for, as `runs show` has it: another one is refused, and one "
                   "exchange less is needed (default: any card)")
      ->type_name("IDENTITY");
  command
      ->add_option("--set", options->settings,
                   "argument of the flow; NAME=@FILE names a file of the service's host, read when the run begins, as "
                   "secrets must")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  command
      ->add_option("--expires", options->lifetime, "how long the run may be begun with it: 30m, 12h, 7d (default: 1h)")
      ->type_name("AGE");
  command->add_option("--count", options->count, "so many tickets, a line each (default: 1)")
      ->check(CLI::Range(1u, 1'000'000u))
      ->type_name("N");
  command->footer(
      "A ticket is good for one run. Whoever has it can begin that run on a card of theirs, so hand it over as a\n"
      "password is. It opens a session at the device door of every service on this store.\n"
      "\n"
      "Example:\n"
      "  cardwright ticket demo/install --set cap=transit.cap --set holder=@holder.txt --expires 1h");
  command->callback([options, &action] { action = [options] { return issue(*options); }; });
}

}  // namespace cw::app
