#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/failure.h"
#include "app/paths.h"
#include "app/session.h"
#include "app/table.h"
#include "engine/flow.h"

namespace cw::app {

namespace {

/// A broken flow is named on standard error, and does not take the others down.
ExitStatus list_flows() {
  const auto bundle = load_bundle();
  Table table{{}, {"", ""}, {}};
  bool broken = false;
  for (const std::string& name : bundle->flow_names()) {
    const auto failure = failure_of([&] { table.rows.push_back({name, engine::check_flow(*bundle, name).summary}); });
    if (failure) complain(*failure);
    broken = broken || failure;
  }
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return broken ? ExitStatus::refused : ExitStatus::ok;
}

std::string limits_of(const engine::ArgumentSpec& spec) {
  const bool is_number = spec.type == engine::ArgumentType::integer;
  std::string out(engine::name_of(spec.type));
  if (spec.min && spec.max) {
    out += " " + std::to_string(*spec.min) + ".." + std::to_string(*spec.max);
  } else if (spec.min) {
    out += " from " + std::to_string(*spec.min);
  } else if (spec.max) {
    out += " up to " + std::to_string(*spec.max);
  }
  if ((spec.min || spec.max) && !is_number) out += " bytes";
  for (size_t i = 0; i < spec.values.size(); ++i) out += (i == 0 ? ": " : " | ") + spec.values[i];
  return out;
}

std::string default_of(const engine::ArgumentSpec& spec) {
  if (spec.preset) return *spec.preset;
  return spec.optional ? "(optional)" : "(required)";
}

ExitStatus show_flow(const std::string& name_or_file) {
  auto bundle = load_bundle();
  if (is_flow_file(name_or_file)) bundle = bundle->with_file(name_or_file);
  const engine::Flow flow = engine::check_flow(*bundle, name_or_file);
  const Terminal terminal = Terminal::of(STDOUT_FILENO);

  std::cout << terminal.paint(Terminal::Colour::bold, printable(flow.name)) << ": " << printable(flow.summary) << '\n';
  if (!flow.header.empty()) std::cout << '\n' << flow.header << (flow.header.ends_with('\n') ? "" : "\n");
  Table args{"arguments", {"name", "type", "default", "help"}, {}};
  for (const engine::ArgumentSpec& spec : flow.args) {
    args.rows.push_back({spec.name, limits_of(spec), default_of(spec), spec.help});
  }
  if (!args.rows.empty()) std::cout << '\n' << args.format(terminal);
  Table needs{"needs", {"", ""}, {}};
  for (const std::string& key : flow.needs_keys) {
    needs.rows.push_back({"keys", key.starts_with('$') ? "the set that argument " + key.substr(1) + " names" : key});
  }
  for (const std::string& backend : flow.needs_backends) {
    needs.rows.push_back(
        {"backend", backend.starts_with('$') ? "the one that argument " + backend.substr(1) + " names" : backend});
  }
  if (!flow.consent_domain.empty()) {
    needs.rows.push_back(
        {"consent", "of owners with something in the domain that argument " + flow.consent_domain + " names"});
  }
  if (!needs.rows.empty()) std::cout << '\n' << needs.format(terminal);
  return ExitStatus::ok;
}

/// One line per flow: what is fine on standard output, what is broken on standard error.
ExitStatus check_flows(std::vector<std::string> names) {
  const auto bundle = load_bundle();
  if (names.empty()) names = bundle->flow_names();
  bool broken = false;
  for (const std::string& name : names) {
    const auto failure = failure_of([&] {
      const auto with_flow = is_flow_file(name) ? bundle->with_file(name) : bundle;
      engine::check_flow(*with_flow, name);
      std::cout << "ok " << printable(name) << std::endl;
    });
    if (failure) complain(*failure);
    broken = broken || failure;
  }
  return broken ? ExitStatus::refused : ExitStatus::ok;
}

}  // namespace

void add_flows(CLI::App& program, Action& action) {
  CLI::App* flows = program.add_subcommand("flows", "List the flows there are");
  flows->footer("Examples:\n  cardwright flows");
  flows->callback([&action] { action = list_flows; });

  CLI::App* flow = program.add_subcommand("flow", "Look at one flow");
  flow->require_subcommand(1);
  flow->footer("Examples:\n  cardwright flow info demo/install");
  CLI::App* info = flow->add_subcommand("info", "What a flow does, its arguments, what it needs, sample output");
  auto name = std::make_shared<std::string>();
  info->add_option("FLOW", *name, "name under scripts/, or a .lua file")->required()->type_name("");
  info->footer("Examples:\n  cardwright flow info demo/install");
  info->callback([name, &action] { action = [name] { return show_flow(*name); }; });

  CLI::App* check = program.add_subcommand("check", "Load and check flows, and run nothing");
  auto names = std::make_shared<std::vector<std::string>>();
  check->add_option("FLOW", *names, "names or .lua files (default: every flow under scripts/)")->type_name("");
  check->footer("Examples:\n  cardwright check\n  cardwright check demo/install my/flow.lua");
  check->callback([names, &action] { action = [names] { return check_flows(*names); }; });
}

}  // namespace cw::app
