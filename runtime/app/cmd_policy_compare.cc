#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/json_text.h"
#include "app/line_diff.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "cmd_policy_private.h"
#include "engine/gate.h"
#include "engine/shown.h"
#include "journal/replay_run.h"
#include "journal/shadow.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using Is = engine::Considered::Is;

struct Options {
  StorePlace place{};
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
      name, [&] { return options.place.open_to_read(); }, bundle);
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
  const std::vector<LineChange> changes = diff_lines(before->lines(), after->lines());
  if (options.json) {
    ordered_json out = {{"before", before->hash()}, {"after", after->hash()}, {"changes", ordered_json::array()}};
    for (const LineChange& change : changes) {
      out["changes"].push_back({{"is", change.added ? "added" : "removed"}, {"line", change.line}});
    }
    print_json(out);
    return ExitStatus::ok;
  }
  std::cout << "--- " << shown(*before) << "\n+++ " << shown(*after) << '\n';
  for (const LineChange& change : changes) std::cout << (change.added ? "+ " : "- ") << printable(change.line) << '\n';
  if (changes.empty()) std::cout << "they say the same\n";
  std::cout << std::flush;
  return ExitStatus::ok;
}

std::string_view word_of(const engine::Considered& one) {
  switch (one.is) {
    case Is::other_command:
      return "is about other commands";
    case Is::does_not_apply:
      return "does not apply";
    case Is::cannot_tell:
      return "cannot see what it asks about, and so denies";
    default:
      return one.deny ? "denies" : "allows";
  }
}

bool denies(const engine::Considered& last) { return last.is == Is::cannot_tell || last.deny; }

ordered_json json_of(const std::vector<engine::Considered>& considered) {
  ordered_json out = ordered_json::array();
  for (const engine::Considered& one : considered) {
    out.push_back({{"rule", one.place}, {"says", word_of(one)}, {"because", one.because}});
  }
  return out;
}

std::string decided_by(const engine::Considered& one) {
  return one.place + " " + std::string(word_of(one)) + (one.because.empty() ? "" : ": " + one.because);
}

/// What no rule is about: the flow's name, the channel, and what the gate never lets through. Empty: nothing.
std::string denied_beside_rules(const std::shared_ptr<const engine::Policy>& policy, const host::Command& command,
                                const engine::Circumstances& around) {
  if (!around.flow.empty()) {
    const engine::Decision flow = policy->judge_flow(around.flow);
    if (!flow.allowed) return "allow.flows denies: " + flow.because;
  }
  std::optional<engine::ChannelFacts> channel;
  if (around.in_channel) {
    const engine::Decision level = policy->judge_channel(around.scp, around.level);
    if (!level.allowed) return "allow.channel denies: " + level.because;
    channel = engine::ChannelFacts{around.scp, around.level, around.domain};
  }
  engine::Gate gate(policy, around.flow, {}, {}, {});
  host::Exchange request;
  request.plan = {command};
  request.logical_channel = static_cast<uint8_t>(card::channel_of(command.cla));
  try {
    gate.admit(request, channel);
  } catch (const Error& error) {
    return "the gate denies: " + error.message();
  }
  return {};
}

ExitStatus explain_command(const Options& options, const std::shared_ptr<const engine::Policy>& policy) {
  const host::Command command = host::command_of(card::Apdu::parse(from_hex(options.command)));
  engine::Circumstances around;
  around.flow = options.flow;
  around.isd_aids = engine::known_isd_aids();
  try {
    around.level = engine::level_by_name(options.level, "--level");
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, error.message());
  }
  around.in_channel = around.level != 0;
  if (options.scp != "01" && options.scp != "02" && options.scp != "03") {
    throw Error(ErrorKind::usage, "--scp is one of 01, 02, 03, and not '" + options.scp + "'");
  }
  around.scp = static_cast<uint8_t>(options.scp[1] - '0');
  if (options.domain != "isd") around.domain = from_hex(options.domain);
  const std::vector<engine::Considered> considered = policy->consider(engine::facts_of(command, around));
  const std::string beside = denied_beside_rules(policy, command, around);
  const bool denied = denies(considered.back()) || !beside.empty();
  if (options.json) {
    print_json({{"policy", policy->hash()},
                {"command", engine::describe(command)},
                {"is", denied ? "denied" : "allowed"},
                {"rules", json_of(considered)},
                {"beside_rules", beside}});
  } else {
    std::cout << printable(engine::describe(command)) << '\n';
    for (const engine::Considered& one : considered) std::cout << "  " << printable(decided_by(one)) << '\n';
    if (!beside.empty()) std::cout << "  " << printable(beside) << '\n';
    std::cout << (denied ? "denied" : "allowed") << " by " << shown(*policy) << std::endl;
  }
  return denied ? ExitStatus::policy : ExitStatus::ok;
}

/// Each command of a run, and the rule that decided.
ExitStatus explain_run(const Options& options) {
  const auto opened = options.place.open_to_read();
  const journal::OpenedJournal journal = journal::open_journal(*opened, options.run);
  engine::RunSetup setup = journal::read_setup(*opened, journal.head, journal.key);
  const auto policy = options.policy.empty() ? setup.policy
                                             : policy_named(
                                                   options.policy, [&] { return opened; }, *setup.bundle);
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
    if (why.empty() && !verdict.considered.empty()) why = decided_by(verdict.considered.back());
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
    policy = policy_in_use(*options.place.open_to_read(), *bundle);
    if (!policy) throw Error(ErrorKind::usage, "no policy is in use on this store; name one: a file, or a version");
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
