#include "engine/policy.h"

#include <algorithm>
#include <bit>
#include <climits>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "base/pattern.h"
#include "base/suggest.h"
#include "card/apdu.h"
#include "crypto/digest.h"
#include "engine/load_state.h"
#include "engine/plain.h"
#include "plain_fields_private.h"
#include "policy_begin_private.h"
#include "policy_lines_private.h"
#include "predicates_private.h"

namespace cw::engine {

namespace {

using fields::fail;
using fields::known;
using fields::list;
using fields::need;
using fields::number;
using fields::text;
using fields::texts;

/// Each bit of one security level is in the other.
bool covers(uint8_t level, uint8_t minimum) { return (level & minimum) == minimum; }

}  // namespace

/// Reads what a policy file returned, field by field; an unknown field is an error.
class PolicyReader {
 public:
  PolicyReader(Policy& policy, const Plain& root) : policy_(policy), root_(root) {}

  void read() {
    if (root_.as<Plain::Map>() == nullptr)
      fail("policy", std::string("the file must return a table, and returns ") + root_.type());
    known("policy", root_,
          {"name", "api", "summary", "allow", "limits", "rules", "otherwise", "approval", "owners", "examples"});
    policy_.name_ = text("name", need("policy", root_, "name"));
    if (number("api", need("policy", root_, "api")) != 1) fail("api", "this runtime knows policy api 1");
    if (const Plain* allow = root_.get("allow")) read_allow(*allow);
    if (const Plain* limits = root_.get("limits")) read_limits(*limits);
    if (const Plain* rules = root_.get("rules")) {
      size_t number = 0;
      for (const Plain& rule : list("rules", *rules)) read_rule(rule, "rules[" + std::to_string(++number) + "]");
    }
    if (const Plain* approval = root_.get("approval")) policy_.approval_ = read_approval("approval", *approval);
    if (const Plain* owners = root_.get("owners")) policy_.owners_ = read_owners("owners", *owners);
    if (const Plain* otherwise = root_.get("otherwise")) policy_.allow_otherwise_ = is_allow("otherwise", *otherwise);
  }

  void run_examples() const {
    const Plain* examples = root_.get("examples");
    if (examples == nullptr) return;
    size_t count = 0;
    for (const Plain& example : list("examples", *examples))
      run_example(example, "examples[" + std::to_string(++count) + "]");
  }

 private:
  static uint8_t scp_by_name(const std::string& name, const std::string& place) {
    if (name != "01" && name != "02" && name != "03") fail(place, "SCP '" + name + "' is none of 01, 02, 03");
    return static_cast<uint8_t>(name[1] - '0');
  }

  static bool is_allow(const std::string& place, const Plain& value) {
    const std::string effect = text(place, value);
    if (effect != "allow" && effect != "deny") fail(place, "must be \"allow\" or \"deny\"");
    return effect == "allow";
  }

  void read_allow(const Plain& allow) {
    known("allow", allow, {"flows", "times", "channel", "backends"});
    if (const Plain* flows = allow.get("flows")) policy_.flows_ = texts("allow.flows", *flows);
    if (const Plain* times = allow.get("times")) policy_.times_ = read_windows("allow.times", *times);
    if (const Plain* channel = allow.get("channel")) {
      known("allow.channel", *channel, {"scp", "level"});
      if (const Plain* scp = channel->get("scp")) {
        for (const std::string& name : texts("allow.channel.scp", *scp)) {
          if (name != "01" && name != "02" && name != "03")
            fail("allow.channel.scp", "'" + name + "' is none of 01, 02, 03");
          policy_.scps_.push_back(static_cast<uint8_t>(name[1] - '0'));
        }
      }
      if (const Plain* level = channel->get("level")) {
        policy_.minimum_level_ = level_by_name(text("allow.channel.level", *level), "allow.channel.level");
      }
    }
    if (const Plain* backends = allow.get("backends")) {
      const auto* map = backends->as<Plain::Map>();
      if (map == nullptr) fail("allow.backends", "must be a table of URL prefix = {opaque = {...}, keks = {...}}");
      for (const auto& [url, options] : *map) {
        const std::string place = "allow.backends['" + url + "']";
        // Plain HTTP stays on the machine: a backend under test.
        const bool local = url.starts_with("http://127.0.0.1:") || url.starts_with("http://127.0.0.1/");
        if ((!url.starts_with("https://") && !local) || !url.ends_with('/') || url.find('/', 8) == std::string::npos) {
          fail(place, "a backend is https:// (or http:// on 127.0.0.1), a host, and a path that ends in '/'");
        }
        if (url.find('@') != std::string::npos) {
          fail(place, "a user or a password in a URL would be seen by all who read it; send them in a header");
        }
        known(place, options, {"opaque", "keks"});
        Policy::Backend& backend = policy_.backends_[url];
        if (const Plain* opaque = options.get("opaque")) backend.opaque = texts(place + ".opaque", *opaque);
        if (const Plain* keks = options.get("keks")) backend.keks = texts(place + ".keks", *keks);
      }
    }
  }

  void read_limits(const Plain& limits) {
    PolicyLimits& out = policy_.limits_;
    const std::map<std::string, std::pair<int64_t*, int64_t>> rows = {
        {"awake_s", {&out.awake_s, 24 * 3600}},
        {"expires_s", {&out.expires_s, 366 * 24 * 3600}},
        {"instructions", {&out.instructions, 1'000'000'000'000}},
        {"memory_mib", {&out.memory_mib, 1024}},
        {"commands", {&out.commands, 1'000'000}},
        {"attempts", {&out.attempts, 100}},
        {"auth_attempts", {&out.auth_attempts, 5}},
        {"auth_lost", {&out.auth_lost, 20}},
        {"failed_loads", {&out.failed_loads, 100}},
    };
    std::vector<std::string> names;
    for (const auto& [name, row] : rows) names.push_back(name);
    names.emplace_back("quotas");
    known("limits", limits, names);
    if (const Plain* quotas = limits.get("quotas")) policy_.quotas_ = read_quotas("limits.quotas", *quotas);
    for (const auto& [name, row] : rows) {
      const Plain* value = limits.get(name);
      if (value == nullptr) continue;
      const int64_t wanted = number("limits." + name, *value);
      if (wanted < 1 || wanted > row.second) fail("limits." + name, "must be 1.." + std::to_string(row.second));
      *row.first = wanted;
    }
  }

  void read_rule(const Plain& plain, const std::string& place) {
    known(place, plain, {"verdict", "on", "when", "because"});
    Rule rule;
    rule.place = place;
    rule.deny = !is_allow(place + ".verdict", need(place, plain, "verdict"));
    if (const Plain* on = plain.get("on")) rule.on = texts(place + ".on", *on);
    for (const std::string& name : rule.on) check_command_name(place + ".on", name);
    if (const Plain* when = plain.get("when")) rule.when = compile_predicate(*when, place + ".when");
    if (const Plain* because = plain.get("because")) rule.because = text(place + ".because", *because);
    policy_.rules_.push_back(std::move(rule));
  }

  static void check_command_name(const std::string& place, const std::string& name) {
    static const std::vector<std::string> kNames = {
        "SELECT",  "INSTALL",     "LOAD",     "DELETE",         "GET STATUS",        "SET STATUS",
        "PUT KEY", "STORE DATA",  "GET DATA", "MANAGE CHANNEL", "INITIALIZE UPDATE", "EXTERNAL AUTHENTICATE",
        "VERIFY",  "GET RESPONSE"};
    const std::string instruction = name.substr(0, name.find(" ["));
    if (instruction.starts_with("INS ") || std::find(kNames.begin(), kNames.end(), instruction) != kNames.end()) {
      return;
    }
    fail(place, "there is no command '" + name + "'" + did_you_mean(instruction, kNames));
  }

  void run_example(const Plain& plain, const std::string& place) const {
    known(place, plain, {"command", "expect", "flow", "level", "scp", "domain", "at"});
    card::Apdu apdu;
    try {
      apdu = card::Apdu::parse(from_hex(text(place + ".command", need(place, plain, "command"))));
    } catch (const Error& error) {
      fail(place + ".command", error.message());
    }
    const Facts facts = facts_of(host::command_of(apdu), example_circumstances(plain, place));
    const bool allow = is_allow(place + ".expect", need(place, plain, "expect"));
    const Decision decision = policy_.judge(facts);
    if (decision.allowed != allow) {
      fail(place, facts.name + " comes out as " + (decision.allowed ? "allow" : "deny (" + decision.because + ")") +
                      ", and the example expects " + (allow ? "allow" : "deny"));
    }
  }

  /// "tue 10:00", of the week that 1970 began in.
  static int64_t example_moment(const std::string& place, const std::string& text) {
    const uint8_t day = text.size() == 9 ? TimeWindow::parse_days(text.substr(0, 3)) : uint8_t{0};
    const int minute = text.size() == 9 ? TimeWindow::parse_time(text.substr(4)) : -1;
    if (day == 0 || minute < 0 || text[3] != ' ') fail(place, "'" + text + "' is no moment such as \"tue 10:00\"");
    const auto in_week = static_cast<int64_t>(std::countr_zero(day)) + 4;  // 5 January 1970 was a Monday
    return (in_week * 24 * 60 + minute) * 60'000;
  }

  static Circumstances example_circumstances(const Plain& plain, const std::string& place) {
    Circumstances around;
    around.isd_aids = known_isd_aids();
    if (const Plain* flow = plain.get("flow")) around.flow = text(place + ".flow", *flow);
    if (const Plain* at = plain.get("at")) around.begun = example_moment(place + ".at", text(place + ".at", *at));
    const Plain* level = plain.get("level");
    around.level = level ? level_by_name(text(place + ".level", *level), place + ".level") : 0x33;
    around.in_channel = around.level != 0;
    const Plain* scp = plain.get("scp");
    around.scp = scp ? scp_by_name(text(place + ".scp", *scp), place + ".scp") : 3;
    if (const Plain* domain = plain.get("domain")) {
      const std::string aid = text(place + ".domain", *domain);
      if (aid != "isd") around.domain = from_hex(aid);
    }
    return around;
  }

  Policy& policy_;
  const Plain& root_;
};

std::shared_ptr<const Policy> Policy::load(const std::filesystem::path& file, const Bundle& bundle) {
  return parse(file.string(), to_string(read_file(file, 256u << 10)), bundle);
}

std::shared_ptr<const Policy> Policy::parse(const std::string& name, const std::string& text, const Bundle& bundle) {
  const lua::Chunk chunk = lua::compile(name, text);
  LoadState state(bundle);
  try {
    const Plain root = read_plain(state.load(chunk), -1);
    auto policy = std::make_shared<Policy>();
    policy->hash_ = to_hex(crypto::digest(crypto::Hash::sha256, view(text)));
    policy->text_ = text;
    policy->origin_ = name;
    PolicyReader reader(*policy, root);
    reader.read();
    policy->own_limits_ = policy->limits_;
    reader.run_examples();
    policy->lines_ = policy_lines(root, policy->limits_);
    return policy;
  } catch (const Error& error) {
    if (error.message().starts_with(name)) throw;
    throw error.within(name);
  }
}

const std::vector<Bytes>& known_isd_aids() {
  static const std::vector<Bytes> aids = {from_hex("A000000151000000"), from_hex("A000000003000000"),
                                          from_hex("A0000001510000"), from_hex("A000000018434D00")};
  return aids;
}

std::shared_ptr<const Policy> Policy::over(const std::shared_ptr<const Policy>& owners,
                                           const std::string& owner) const {
  auto out = std::make_shared<Policy>(*this);
  out->owner_ = owner;
  out->under_ = owners;
  out->limits_ = own_limits_;
  if (!owners) return out;
  PolicyLimits& limits = out->limits_;
  for (int64_t PolicyLimits::*one :
       {&PolicyLimits::awake_s, &PolicyLimits::expires_s, &PolicyLimits::instructions, &PolicyLimits::memory_mib,
        &PolicyLimits::commands, &PolicyLimits::attempts, &PolicyLimits::auth_attempts, &PolicyLimits::auth_lost,
        &PolicyLimits::failed_loads}) {
    limits.*one = std::min(limits.*one, owners->limits_.*one);
  }
  return out;
}

const OwnerGrant& Policy::grant(const std::string& owner) const {
  static const OwnerGrant nothing;
  auto found = owners_.find(owner);
  if (found == owners_.end()) found = owners_.find("*");
  return found == owners_.end() ? nothing : found->second;
}

void Policy::want_no_owners() const {
  if (!owners_.empty()) fail(origin_ + ": owners", "only the operator's policy says what owners may have");
}

template <typename Judge>
Decision Policy::and_under(Decision own, const Judge& judge) const {
  if (!own.allowed || !under_) return own;
  Decision out = judge(*under_);
  if (!out.allowed) out.by = under_->name();
  return out;
}

Decision Policy::judge_flow(const std::string& flow) const {
  const bool matches = std::any_of(flows_.begin(), flows_.end(),
                                   [&](const std::string& pattern) { return matches_pattern(pattern, flow); });
  return and_under(
      matches ? Decision()
              : Decision{false, "its name matches none of allow.flows; add it there, or use another policy", {}},
      [&](const Policy& under) { return under.judge_flow(flow); });
}

Decision Policy::judge_begin(const std::string& flow, int64_t now) const {
  if (Decision decision = judge_flow(flow); !decision.allowed) return decision;
  return and_under(judge_own_begin(now), [&](const Policy& under) { return under.judge_own_begin(now); });
}

Decision Policy::judge_own_begin(int64_t now) const {
  if (times_.empty() || std::any_of(times_.begin(), times_.end(), [&](const auto& it) { return it.contains(now); })) {
    return {};
  }
  int64_t next = INT64_MAX;
  for (const TimeWindow& window : times_) next = std::min(next, window.next_opening(now));
  return {false,
          "it is " + moment_text(now) + ", and allow.times is " + text_of(times_) + " UTC; from " + moment_text(next) +
              " on it may begin",
          {}};
}

Decision Policy::judge_channel(uint8_t scp, uint8_t level) const {
  const auto own = [&]() -> Decision {
    if (scp != 0 && !scps_.empty() && std::find(scps_.begin(), scps_.end(), scp) == scps_.end()) {
      return {false, "SCP0" + std::to_string(scp) + " is not in allow.channel.scp", {}};
    }
    if (covers(level, minimum_level_)) return {};
    return {false,
            "its security level " + to_hex(level) + " is below allow.channel.level, which is " + to_hex(minimum_level_),
            {}};
  };
  return and_under(own(), [&](const Policy& under) { return under.judge_channel(scp, level); });
}

Considered::Is Policy::ask(const Rule& rule, const Facts& facts) {
  const bool on = rule.on.empty() || std::any_of(rule.on.begin(), rule.on.end(), [&](const std::string& name) {
                    return name == facts.name || name == facts.instruction;
                  });
  if (!on) return Considered::Is::other_command;
  switch (rule.when ? (*rule.when)(facts) : Truth::yes) {
    case Truth::no:
      return Considered::Is::does_not_apply;
    case Truth::unknown:
      return Considered::Is::cannot_tell;
    default:
      return Considered::Is::applies;
  }
}

Decision Policy::judge(const Facts& facts) const {
  return and_under(judge_own(facts), [&](const Policy& under) { return under.judge(facts); });
}

Decision Policy::judge_own(const Facts& facts) const {
  for (const Rule& rule : rules_) {
    const Considered::Is is = ask(rule, facts);
    if (!decides(is)) continue;
    if (is == Considered::Is::applies && !rule.deny) return {};
    std::string because = rule.place + (rule.because.empty() ? "" : ": " + rule.because);
    if (is == Considered::Is::cannot_tell) because += " (it asks about a field that cannot be seen, and so refuses)";
    return {false, because, {}};
  }
  if (allow_otherwise_) return {};
  return {false, "no rule allows it (otherwise = \"deny\")", {}};
}

std::vector<Considered> Policy::consider(const Facts& facts) const {
  std::vector<Considered> out;
  const bool decided = std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    out.push_back({rule.place, rule.deny, ask(rule, facts), rule.because});
    return decides(out.back().is);
  });
  if (!decided) out.push_back({"otherwise", !allow_otherwise_, Considered::Is::applies, {}});
  if (!under_ || !judge_own(facts).allowed) return out;
  for (Considered& one : under_->consider(facts)) {
    one.place = under_->name() + ": " + one.place;
    out.push_back(std::move(one));
  }
  return out;
}

Decision Policy::judge_http(const std::string& url) const {
  const bool matches = std::any_of(backends_.begin(), backends_.end(),
                                   [&](const auto& backend) { return url.starts_with(backend.first); });
  if (matches && !owner_.empty() && !grant(owner_).may_call(url)) {
    return {false, "owners." + owner_ + ".backends has no beginning of it", {}};
  }
  return and_under(matches ? Decision() : Decision{false, "no prefix in allow.backends matches it", {}},
                   [&](const Policy& under) { return under.judge_http(url); });
}

Decision Policy::judge_relayed(const std::string& url, const std::string& instruction) const {
  const bool named = std::any_of(backends_.begin(), backends_.end(), [&](const auto& backend) {
    if (!url.starts_with(backend.first)) return false;
    const std::vector<std::string>& opaque = backend.second.opaque;
    return instruction.empty() ? !opaque.empty() : std::find(opaque.begin(), opaque.end(), instruction) != opaque.end();
  });
  return and_under(named
                       ? Decision()
                       : Decision{false,
                                  "it was wrapped elsewhere, and allow.backends names no " +
                                      (instruction.empty() ? "instruction" : instruction) + " in opaque = {} of " + url,
                                  {}},
                   [&](const Policy& under) { return under.judge_relayed(url, instruction); });
}

Decision Policy::judge_keys(const std::string& url, const std::string& kek) const {
  const bool named = std::any_of(backends_.begin(), backends_.end(), [&](const auto& backend) {
    if (!url.starts_with(backend.first)) return false;
    const std::vector<std::string>& keks = backend.second.keks;
    return kek.empty() ? !keks.empty() : std::find(keks.begin(), keks.end(), kek) != keks.end();
  });
  return and_under(
      named ? Decision() : Decision{false, "allow.backends does not name this KEK in keks = {} of " + url, {}},
      [&](const Policy& under) { return under.judge_keys(url, kek); });
}

}  // namespace cw::engine
