#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/policy_answers.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "base/error.h"
#include "cmd_policy_private.h"
#include "journal/replay_run.h"
#include "journal/shadow.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string owner{};
  std::vector<std::string> files{};
  std::string policy{};
  std::string other{};
  std::string run{};
  std::string command{};
  std::string flow{};
  std::string level = "mac+enc+rmac+renc";
  std::string scp = "03";
  std::string domain = "isd";
  bool json = false;
};

std::string shown(const engine::Policy& policy) {
  return printable("policy " + policy.name() + " " + policy.hash().substr(0, 12));
}

std::shared_ptr<const engine::Policy> named(const Options& options, const std::string& name,
                                            const engine::Bundle& bundle) {
  return policy_named(
      name, [&] { return options.place.open_to_read(); }, bundle, options.owner);
}

ExitStatus check(const Options& options) {
  const auto bundle = load_bundle();
  for (const std::string& file : options.files) {
    std::cout << shown(*load_policy_file(file, *bundle)) << ": " << printable(file) << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus diff(const Options& options) {
  const auto bundle = load_bundle();
  const auto before = named(options, options.policy, *bundle);
  const auto after = named(options, options.other, *bundle);
  const ordered_json answer = diff_answer(*before, *after);
  if (options.json) {
    print_json(answer);
    return ExitStatus::ok;
  }
  std::cout << "--- " << shown(*before) << "\n+++ " << shown(*after) << '\n';
  for (const ordered_json& change : answer.at("changes")) {
    std::cout << (text_in(change, "is") == "added" ? "+ " : "- ") << printable(text_in(change, "line")) << '\n';
  }
  if (answer.at("changes").empty()) std::cout << "they say the same\n";
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus explain_command(const Options& options, const std::shared_ptr<const engine::Policy>& policy) {
  const ordered_json answer =
      explain_answer(policy, {options.command, options.flow, options.level, options.scp, options.domain});
  if (options.json) {
    print_json(answer);
  } else {
    std::cout << printable(text_in(answer, "command")) << '\n';
    for (const ordered_json& rule : answer.at("rules")) std::cout << "  " << printable(decided_by(rule)) << '\n';
    const std::string beside = text_in(answer, "beside_rules");
    if (!beside.empty()) std::cout << "  " << printable(beside) << '\n';
    std::cout << text_in(answer, "is") << " by " << shown(*policy) << std::endl;
  }
  return text_in(answer, "is") == "denied" ? ExitStatus::policy : ExitStatus::ok;
}

/// Each command of a run, and the rule that decided.
ExitStatus explain_run(const Options& options) {
  const auto opened = options.place.open_to_read();
  const journal::OpenedJournal journal = journal::open_journal(*opened, options.run);
  engine::RunSetup setup = journal::read_setup(*opened, journal.head, journal.key);
  const auto policy = options.policy.empty() ? setup.policy
                                             : policy_named(
                                                   options.policy, [&] { return opened; }, *setup.bundle)
                                                   ->over(setup.policy->under(), setup.owner);
  journal::Shadow judge(policy, engine::check_flow(*setup.bundle, setup.flow_name), setup);
  journal::ReplayOptions replaying;
  replaying.around = [&](std::unique_ptr<engine::RunOutside> inner) { return judge.around(std::move(inner)); };
  const journal::Replayed replayed = journal::replay_run(journal, std::move(setup), replaying);
  if (replayed.difference) throw Error(*replayed.difference);

  using Verdict = journal::Verdict::Is;
  ordered_json all = ordered_json::array();
  bool denied = false;
  for (const journal::Verdict& verdict : judge.verdicts()) {
    const char* word = verdict.is == Verdict::allowed  ? "allowed"
                       : verdict.is == Verdict::denied ? "denied"
                                                       : "not reached";
    denied = denied || verdict.is == Verdict::denied;
    std::string why = verdict.because;
    if (why.empty() && !verdict.considered.empty()) {
      why = decided_by(json_of(verdict.considered).back());
    }
    if (options.json) {
      all.push_back({{"attempt", verdict.attempt},
                     {"request", verdict.request},
                     {"is", word},
                     {"because", why},
                     {"rules", json_of(verdict.considered)}});
    } else {
      std::cout << word << std::string(12 - std::string_view(word).size(), ' ') << printable(verdict.request) << '\n';
      if (!why.empty()) std::cout << "            " << printable(why) << '\n';
    }
  }
  if (options.json) {
    print_json({{"run", journal.row.id}, {"policy", policy->hash()}, {"decisions", all}});
  } else {
    std::cout << "under " << shown(*policy) << std::endl;
  }
  return denied ? ExitStatus::policy : ExitStatus::ok;
}

ExitStatus explain(const Options& options) {
  if (!options.run.empty()) return explain_run(options);
  if (options.command.empty()) {
    throw Error(ErrorKind::usage, "what is to be explained? --command HEX, or --run ID");
  }
  const auto bundle = load_bundle();
  std::shared_ptr<const engine::Policy> policy;
  if (!options.policy.empty()) {
    policy = named(options, options.policy, *bundle);
  } else {
    const auto store = options.place.open_to_read();
    policy = policy_in_use(*store, *bundle);
    if (!policy) throw Error(ErrorKind::usage, "no policy is in use on this store; name one: a file, or a version");
    if (!options.owner.empty()) policy = policy->over(policy_in_use(*store, *bundle, options.owner), options.owner);
  }
  return explain_command(options, policy);
}

}  // namespace

void add_policy_compare(CLI::App& policy, Action& action) {
  auto checked = std::make_shared<Options>();
  CLI::App* checks = policy.add_subcommand("check", "Check policies and run their examples; nothing is kept");
  checks->add_option("FILE", checked->files, "the policies")->required()->type_name("");
  checks->footer("Examples:\n  cardwright policy check strict.lua");
  checks->callback([checked, &action] { action = [checked] { return check(*checked); }; });

  auto compared = std::make_shared<Options>();
  CLI::App* differs = policy.add_subcommand("diff", "What two policies say differently");
  compared->place.add_to(*differs);
  add_owner_to(*differs, compared->owner);
  differs->add_option("BEFORE", compared->policy, "a file, or a version in the store")->required()->type_name("");
  differs->add_option("AFTER", compared->other, "a file, or a version in the store")->required()->type_name("");
  differs->add_flag("--json", compared->json, "one JSON object");
  differs->footer(
      "What a policy leaves out is compared as its default. A name with a '/' in it, or one that ends in .lua, is a "
      "file.\n\nExamples:\n  cardwright policy diff policies/default.lua strict.lua");
  differs->callback([compared, &action] { action = [compared] { return diff(*compared); }; });

  auto asked = std::make_shared<Options>();
  CLI::App* explains = policy.add_subcommand("explain", "Which rule decides, of one command or of all that a run sent");
  asked->place.add_to(*explains);
  add_owner_to(*explains, asked->owner);
  explains->add_option("POLICY", asked->policy, "a file, or a version (default: the one in use; the run's own)")
      ->type_name("");
  CLI::Option* command = explains->add_option("--command", asked->command, "a plain command APDU")->type_name("HEX");
  explains->add_option("--run", asked->run, "a run, or the beginning of its id")->excludes(command)->type_name("ID");
  explains->add_option("--flow", asked->flow, "name of the flow that sends the command")
      ->needs(command)
      ->type_name("NAME");
  explains->add_option("--level", asked->level, "of the channel it travels in; none is no channel")
      ->capture_default_str()
      ->needs(command)
      ->type_name("LEVEL");
  explains->add_option("--scp", asked->scp, "of that channel")->capture_default_str()->needs(command)->type_name("SCP");
  explains->add_option("--domain", asked->domain, "that the channel is open to: its AID, or isd")
      ->capture_default_str()
      ->needs(command)
      ->type_name("AID");
  explains->add_flag("--json", asked->json, "one JSON object");
  explains->footer(
      "The exit status is 3 if something is denied.\n"
      "\n"
      "Examples:\n"
      "  cardwright policy explain policies/default.lua --command 80E400000A4F08A000000151000000\n"
      "  cardwright policy explain --run 0k3v");
  explains->callback([asked, &action] { action = [asked] { return explain(*asked); }; });
}

}  // namespace cw::app
