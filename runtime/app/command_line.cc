#include "app/command_line.h"

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "base/suggest.h"

namespace cw::app {

namespace {

std::vector<std::string> commands_of(const CLI::App& level) {
  std::vector<std::string> names;
  for (const CLI::App* command : level.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& level) {
  std::vector<std::string> names;
  for (const CLI::Option* option : level.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// A URL may have a password in it.
std::string shown(const std::string& word) {
  const size_t scheme = word.find("://");
  return scheme == std::string::npos ? word : word.substr(0, scheme) + "://...";
}

/// Follows the words to the subcommand they name. CLI11 would only say that some subcommand is missing.
const CLI::App* find_command(const CLI::App& program, int argc, const char* const* argv) {
  const CLI::App* level = &program;
  std::string path = program.get_name();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto below = level->get_subcommands([](const CLI::App*) { return true; });
    if (below.empty() || word.starts_with('-')) return level;
    const CLI::App* next = nullptr;
    for (const CLI::App* command : below) {
      if (command->check_name(word)) next = command;
    }
    if (next == nullptr) {
      throw Error(ErrorKind::usage, "unknown command '" + shown(word) + "'" + did_you_mean(word, commands_of(*level)) +
                                        "; see " + path + " --help");
    }
    level = next;
    path += " " + word;
  }
  return level;
}

std::string explain(const CLI::ParseError& error, CLI::App& program, const CLI::App& command) {
  std::string path;  // below the program, whose name main puts in front
  for (const CLI::App* level = &command; level != &program; level = level->get_parent())
    path = level->get_name() + (path.empty() ? "" : " ") + path;
  const std::string see = "; see " + program.get_name() + (path.empty() ? "" : " ") + path + " --help";
  if (!path.empty()) path += ": ";
  // First what is too much: a mistyped option is also one that is missing, and its own name says more.
  for (const std::string& word : program.remaining(true)) {
    const std::string name = word.substr(0, word.find('='));
    if (!name.starts_with('-') || name == "-") return path + "did not expect '" + shown(word) + "'" + see;
    return path + "unknown option " + name + did_you_mean(name, options_of(command)) + see;
  }
  return path + error.what() + see;
}

}  // namespace

ExitStatus command_line(int argc, const char* const* argv) {
  CLI::App program(
      "Scripts for secure elements: put applets, security domains, keys and personal data onto smart cards",
      "cardwright");
  program.set_version_flag("--version", "cardwright " CW_VERSION);
  program.require_subcommand(1);
  program.get_formatter()->column_width(28);
  program.footer(
      "Examples:\n"
      "  cardwright flows\n"
      "  cardwright flow info demo/install\n"
      "  cardwright run demo/inventory --card sim\n"
      "\n" +
      exit_status_help());
  Action action;
  for (const auto add : {add_run,    add_runs,   add_batch,    add_flows,  add_cap,   add_card,      add_readers,
                         add_send,   add_test,   add_selftest, add_repl,   add_spec,  add_store,     add_audit,
                         add_budget, add_outbox, add_policy,   add_bundle, add_serve, add_top,       add_ticket,
                         add_owner,  add_domain, add_keys,     add_agent,  add_sei,   add_keyserver, add_ca}) {
    add(program, action);
  }

  const CLI::App* command = find_command(program, argc, argv);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    program.exit(asked);
    return ExitStatus::ok;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage, explain(error, program, *command));
  }
  return action();
}

}  // namespace cw::app
