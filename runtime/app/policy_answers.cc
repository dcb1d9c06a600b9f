#include "app/policy_answers.h"

#include "app/json_text.h"
#include "app/line_diff.h"
#include "app/moment.h"
#include "base/error.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "engine/gate.h"
#include "engine/shown.h"

namespace cw::app {

using nlohmann::ordered_json;
using Is = engine::Considered::Is;

namespace {

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

/// What no rule is about: the flow's name, the channel, and what the gate never lets through. Empty: nothing.
std::string denied_beside_rules(const std::shared_ptr<const engine::Policy>& policy, const host::Command& command,
                                const engine::Circumstances& around) {
  if (!around.flow.empty()) {
    const engine::Decision flow = policy->judge_flow(around.flow);
    if (!flow.allowed) return "allow.flows denies: " + flow.because;
    const engine::Decision begin = policy->judge_begin(around.flow, around.begun);
    if (!begin.allowed) return "allow.times denies: " + begin.because;
  }
  std::optional<engine::ChannelFacts> channel;
  if (around.in_channel) {
    const engine::Decision level = policy->judge_channel(around.scp, around.level);
    if (!level.allowed) return "allow.channel denies: " + level.because;
    channel = engine::ChannelFacts{around.scp, around.level, around.domain};
  }
  engine::Gate gate(policy, around.flow, {}, {}, {});
  gate.begun_at(around.begun);
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

}  // namespace

ordered_json json_of(const std::vector<engine::Considered>& considered) {
  ordered_json out = ordered_json::array();
  for (const engine::Considered& one : considered) {
    out.push_back({{"rule", one.place}, {"says", word_of(one)}, {"because", one.because}});
  }
  return out;
}

std::string decided_by(const ordered_json& rule) {
  const std::string because = text_in(rule, "because");
  return text_in(rule, "rule") + " " + text_in(rule, "says") + (because.empty() ? "" : ": " + because);
}

ordered_json diff_answer(const engine::Policy& before, const engine::Policy& after) {
  ordered_json out = {{"before", before.hash()}, {"after", after.hash()}, {"changes", ordered_json::array()}};
  for (const LineChange& change : diff_lines(before.lines(), after.lines())) {
    out["changes"].push_back({{"is", change.added ? "added" : "removed"}, {"line", change.line}});
  }
  return out;
}

ordered_json explain_answer(const std::shared_ptr<const engine::Policy>& policy, const CommandCase& asked) {
  const host::Command command = host::command_of(card::Apdu::parse(from_hex(asked.command)));
  engine::Circumstances around;
  around.flow = asked.flow;
  around.begun = now_ms();
  around.isd_aids = engine::known_isd_aids();
  try {
    around.level = engine::level_by_name(asked.level, "--level");
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, error.message());
  }
  around.in_channel = around.level != 0;
  if (asked.scp != "01" && asked.scp != "02" && asked.scp != "03") {
    throw Error(ErrorKind::usage, "--scp is one of 01, 02, 03, and not '" + asked.scp + "'");
  }
  around.scp = static_cast<uint8_t>(asked.scp[1] - '0');
  if (asked.domain != "isd") around.domain = from_hex(asked.domain);
  const std::vector<engine::Considered> considered = policy->consider(engine::facts_of(command, around));
  const std::string beside = denied_beside_rules(policy, command, around);
  const bool denied = denies(considered.back()) || !beside.empty();
  return {{"policy", policy->hash()},
          {"command", engine::describe(command)},
          {"is", denied ? "denied" : "allowed"},
          {"rules", json_of(considered)},
          {"beside_rules", beside}};
}

}  // namespace cw::app
