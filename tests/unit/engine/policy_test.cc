#include "engine/policy.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "engine/bundle.h"

namespace cw::engine {
namespace {

const Bundle& bundle() {
  static const auto loaded = Bundle::load(CW_SOURCE_DIR);
  return *loaded;
}

std::shared_ptr<const Policy> policy(const std::string& fields) {
  return Policy::parse("test.lua", "local p = require 'cw.policy'\nreturn { name = 'test', api = 1, " + fields + " }",
                       bundle());
}

std::string refusal(const std::string& fields) {
  try {
    policy(fields);
  } catch (const Error& error) {
    return error.message();
  }
  return "accepted";
}

Decision judge(const Policy& rules, const std::string& hex, Circumstances around = {}) {
  around.isd_aids = known_isd_aids();
  return rules.judge(facts_of(host::command_of(card::Apdu::parse(from_hex(hex))), around));
}

TEST(Policy, the_first_rule_that_applies_decides) {
  const auto rules = policy(R"(rules = {
      p.allow { on = "DELETE", when = p.aid.is "A0000000030000AA" },
      p.deny  { on = "DELETE", when = p.aid.under "A000000003", because = "the issuer's" },
  })");
  EXPECT_TRUE(judge(*rules, "80E400000A4F08A0000000030000AA").allowed);
  const Decision denied = judge(*rules, "80E400000A4F08A0000000030000BB");
  EXPECT_FALSE(denied.allowed);
  EXPECT_EQ(denied.because, "rules[2]: the issuer's");
  EXPECT_FALSE(judge(*rules, "80E40000084F08F06361726477").allowed) << "a cut AID cannot be seen";
  EXPECT_TRUE(judge(*rules, "80E40000074F05F063617264").allowed);
}

TEST(Policy, tokens_are_seen_and_named_by_the_key_that_custody_makes_them_with) {
  const auto rules = policy(R"(rules = {
      p.deny { when = p.token "issuer.*", because = "the issuer's key is not for this" },
      p.deny { on = "DELETE", when = p.token(), because = "deleted by token" },
      p.deny { on = "DELETE", when = p.aid.is("A000000151000000"), because = "the ISD stays" } })");
  const auto verdict = [&](host::Command command) { return rules->judge(facts_of(command, {})); };
  host::Command remove = host::command_of(card::Apdu::parse(from_hex("80E400000A4F08A000000151000001")));
  EXPECT_TRUE(verdict(remove).allowed);
  remove.data.add(Bytes{0x9E});
  remove.data.add(host::TokenPart{"acme.token", {}});
  EXPECT_EQ(verdict(remove).because, "rules[2]: deleted by token");
  host::Command by_issuer = host::command_of(card::Apdu::parse(from_hex("80E400000B4F08A0000001510000009E")));
  by_issuer.data.add(host::TokenPart{"issuer.token", {}});
  EXPECT_EQ(verdict(by_issuer).because, "rules[1]: the issuer's key is not for this");
  // Given as bytes, and seen all the same.
  EXPECT_EQ(judge(*rules, "80E400000D4F08A0000001510000019E01AA").because, "rules[2]: deleted by token");
  EXPECT_EQ(judge(*rules, "80E400008D4F08A0000001510000019E8180" + std::string(256, 'A')).because,
            "rules[2]: deleted by token");
}

TEST(Policy, delete_names_one_object_or_is_not_understood) {
  const auto rules = policy(R"(rules = { p.deny { on = "DELETE", when = p.aid.is "isd", because = "stays" } })");
  EXPECT_TRUE(judge(*rules, "80E40000074F05F063617264").allowed);
  EXPECT_FALSE(judge(*rules, "80E40000114F08A0000001510000004F05F063617264").allowed) << "two objects";
  EXPECT_FALSE(judge(*rules, "80E40000124F05F0636172644F8108A000000151000000").allowed) << "a length in its long form";
  EXPECT_FALSE(judge(*rules, "80E40000084F05F0636172649E").allowed) << "cut";
  EXPECT_FALSE(judge(*rules, "00E400000A4F08A000000151000000").allowed) << "a class that the card may not look at";
}

TEST(Policy, the_isd_is_known_by_any_of_its_names_and_by_none) {
  const auto rules = policy(R"(rules = { p.deny { on = "SET STATUS", when = p.aid.is "isd", because = "stays" } })");
  EXPECT_FALSE(judge(*rules, "80F0807F00").allowed) << "P1 80 is the ISD, whatever the data says";
  EXPECT_FALSE(judge(*rules, "80F0817F00").allowed) << "b5 to b1 are RFU, and not every card looks at them";
  EXPECT_FALSE(judge(*rules, "80F0408008A000000151000000").allowed);
  EXPECT_TRUE(judge(*rules, "80F0408007F0636172647701").allowed);
}

TEST(Policy, a_rule_may_write_out_the_aid_of_the_isd) {
  const auto rules = policy(R"(rules = { p.deny { when = p.aid.is "A000000151000000", because = "stays" } })");
  EXPECT_FALSE(judge(*rules, "80F0807F00").allowed) << "P1 b8 is the ISD";
  EXPECT_FALSE(judge(*rules, "80E40000024F00").allowed) << "an empty AID is the ISD";
  Circumstances in_isd;
  in_isd.in_channel = true;
  EXPECT_FALSE(judge(*rules, "80D800010101", in_isd).allowed) << "what a reset selects is the ISD";
  EXPECT_TRUE(judge(*rules, "80E40000074F05F063617264", in_isd).allowed);
}

TEST(Policy, a_privilege_is_found_in_every_kind_of_install_that_gives_one) {
  const auto rules = policy(R"(rules = { p.deny { on = "INSTALL", when = p.privilege "card lock", because = "no" } })");
  const std::string names = "05F06361726405F06361726405F063617264";
  EXPECT_FALSE(judge(*rules, "80E60C0017" + names + "0110" + "02C900" + "00").allowed);
  EXPECT_TRUE(judge(*rules, "80E60C0017" + names + "0180" + "02C900" + "00").allowed);
  EXPECT_FALSE(judge(*rules, "80E60C0019" + names + "03100000" + "02C900" + "00").allowed);
  EXPECT_FALSE(judge(*rules,
                     "80E60C0003"
                     "05F063")
                   .allowed)
      << "cut before the privileges: hidden, so refused";
  EXPECT_TRUE(judge(*rules,
                    "80E602000A05F063617264"
                    "00000000")
                  .allowed)
      << "a load gives no privileges";
}

TEST(Policy, lengths_of_install_fields_in_their_long_form_hide_what_follows) {
  const auto rules = policy(R"(rules = { p.deny { on = "INSTALL", when = p.privilege "card lock", because = "no" } })");
  const auto zeros = [](size_t count) { return std::string(2 * count, '0'); };
  // A card that reads 81 05 (GPCS 11.1.5.2) gives card lock; one that takes 81 for 129 finds 01 00 in the parameters.
  const std::string names = "8105F06361726405F06361726405F063617264";
  EXPECT_FALSE(judge(*rules, "80E60C008F" + names + "0110" + "78" + zeros(108) + "00000100" + zeros(8) + "00").allowed);
}

TEST(Policy, none_of_what_cannot_be_seen_is_unknown_too) {
  const auto rules = policy(R"(rules = {
      p.deny { on = "INSTALL", when = p.none { p.aid.under "F063" }, because = "only ours" },
  })");
  EXPECT_TRUE(judge(*rules,
                    "80E602000A05F063617264"
                    "00000000")
                  .allowed);
  EXPECT_FALSE(judge(*rules,
                     "80E602000A05A063617264"
                     "00000000")
                   .allowed);
  EXPECT_FALSE(judge(*rules,
                     "84E602000A05F063617264"
                     "00000000")
                   .allowed)
      << "opaque: headers only";
}

TEST(Policy, an_install_of_a_kind_that_is_none_cannot_be_read) {
  const auto rules = policy(R"(rules = { p.deny { on = "INSTALL", when = p.privilege "card lock", because = "no" } })");
  EXPECT_FALSE(judge(*rules, "80E648000A05F06361726400000000").allowed);
}

TEST(Policy, levels_and_protocols_of_channels) {
  const auto rules = policy(R"(allow = { channel = { scp = { "03" }, level = "mac+enc" } })");
  EXPECT_TRUE(rules->judge_channel(3, 0x33).allowed);
  EXPECT_TRUE(rules->judge_channel(0, 0x03).allowed) << "protocol not known yet";
  EXPECT_FALSE(rules->judge_channel(2, 0x03).allowed);
  EXPECT_FALSE(rules->judge_channel(3, 0x01).allowed);
}

TEST(Policy, flows_are_matched_by_pattern) {
  const auto rules = policy(R"(allow = { flows = { "acme/*", "demo/install" } })");
  EXPECT_TRUE(rules->judge_flow("acme/any/thing").allowed);
  EXPECT_TRUE(rules->judge_flow("demo/install").allowed);
  EXPECT_FALSE(rules->judge_flow("demo/remove").allowed);
}

TEST(Policy, backends_are_prefixes_that_end_in_a_slash) {
  const auto rules = policy(R"(allow = { backends = { ["https://sei.acme.example/v1/"] = {} } })");
  EXPECT_TRUE(rules->judge_http("https://sei.acme.example/v1/keys").allowed);
  EXPECT_FALSE(rules->judge_http("https://sei.acme.example.evil/v1/").allowed);
  EXPECT_NE(refusal(R"(allow = { backends = { ["https://sei.acme.example"] = {} } })").find("ends in '/'"),
            std::string::npos);
}

TEST(Policy, mistakes_name_the_place_and_the_nearest_name) {
  EXPECT_NE(refusal("limit = {}").find("unknown field 'limit'; did you mean 'limits'?"), std::string::npos);
  EXPECT_NE(refusal("limits = { attempt = 1 }").find("did you mean 'attempts'?"), std::string::npos);
  EXPECT_NE(refusal("limits = { auth_attempts = 50 }").find("limits.auth_attempts: must be 1..5"), std::string::npos);
  EXPECT_NE(refusal("rules = { p.deny { on = 'DELET', because = 'x' } }").find("did you mean 'DELETE'?"),
            std::string::npos);
  EXPECT_NE(refusal("rules = { p.deny { on = 'DELETE' } }").find("test.lua:2"), std::string::npos);
  EXPECT_NE(refusal("rules = { { verdict = 'deny', when = { op = 'moon' } } }").find("'moon'"), std::string::npos);
}

TEST(Policy, an_example_that_does_not_come_out_rejects_the_version) {
  const std::string message = refusal(R"(
      rules = { p.deny { on = "DELETE", because = "no" } },
      examples = { p.example { command = "80E40000074F05F063617264", expect = "allow" } })");
  EXPECT_NE(message.find("examples[1]: DELETE"), std::string::npos) << message;
}

constexpr int64_t kMonday = 1'795'996'800'000;  // 2026-11-30T00:00Z
constexpr int64_t kHour = 3'600'000;

TEST(Policy, runs_begin_within_its_times_and_who_is_early_is_told_when) {
  const auto office = policy(R"(allow = { flows = { "demo/*" }, times = {
      { days = "mon-fri", from = "08:00", to = "18:00" }, { days = { "sat" }, from = "22:00", to = "02:00" } } })");
  const auto begins = [&](int64_t hours) { return office->judge_begin("demo/install", kMonday + hours * kHour); };
  EXPECT_TRUE(begins(8).allowed);
  EXPECT_TRUE(begins(17).allowed);
  EXPECT_EQ(begins(18).because,
            "it is Mon 2026-11-30T18:00Z, and allow.times is mon-fri 08:00-18:00, sat 22:00-02:00 UTC; from Tue "
            "2026-12-01T08:00Z on it may begin");
  EXPECT_NE(begins(4 * 24 + 18).because.find("from Sat 2026-12-05T22:00Z on"), std::string::npos);
  EXPECT_TRUE(begins(5 * 24 + 23).allowed);
  EXPECT_TRUE(begins(6 * 24 + 1).allowed) << "it lasts into Sunday";
  EXPECT_FALSE(begins(6 * 24 + 2).allowed);
  EXPECT_FALSE(office->judge_begin("acme/install", kMonday + 9 * kHour).allowed);
  EXPECT_TRUE(policy("")->judge_begin("demo/install", kMonday).allowed) << "without times it is always";
}

TEST(Policy, a_rule_may_ask_when_the_run_began) {
  const auto rules = policy(R"(rules = {
      p.deny { on = "DELETE", when = p.none(p.within { days = "mon-fri", from = "08:00", to = "18:00" }),
               because = "at night nothing is deleted" } },
    examples = { p.example { command = "80E40000094F07F0636172647701", at = "tue 10:00", expect = "allow" },
                 p.example { command = "80E40000094F07F0636172647701", at = "sun 10:00", expect = "deny" },
                 p.example { command = "80E40000094F07F0636172647701", expect = "deny" } })");
  Circumstances around;
  around.begun = kMonday + 9 * kHour;
  EXPECT_TRUE(judge(*rules, "80E40000094F07F0636172647701", around).allowed);
  around.begun = 0;
  EXPECT_NE(judge(*rules, "80E40000094F07F0636172647701", around).because.find("cannot be seen"), std::string::npos);
}

TEST(Policy, quotas_and_approval_are_said_line_by_line) {
  const auto rules = policy(R"(limits = { quotas = { { flows = { "acme/*" }, per_hour = 20, at_once = 5 },
                                                     { flows = { "*" }, per_day = 100 } } },
    approval = { "policy use", "bundle use" }, allow = { times = { { days = "fri-mon" } } })");
  ASSERT_EQ(rules->quotas().size(), 3U);
  EXPECT_TRUE(rules->wants_approval("policy use"));
  EXPECT_FALSE(rules->wants_approval("policy rollback"));
  for (const char* line : {"limits.quota = 20 runs of acme/* per hour", "limits.quota = 5 runs of acme/* at once",
                           "limits.quota = 100 runs of * per day", "approval = bundle use, policy use",
                           "allow.times = mon,fri-sun 00:00-24:00 UTC"}) {
    EXPECT_NE(std::find(rules->lines().begin(), rules->lines().end(), line), rules->lines().end()) << line;
  }
}

TEST(Policy, mistakes_in_times_quotas_and_approval_name_their_place) {
  const auto said = [](const std::string& fields, const std::string& what) {
    EXPECT_NE(refusal(fields).find(what), std::string::npos) << refusal(fields);
  };
  said(R"(allow = { times = { { days = "mon-fry" } } })", "allow.times[1].days: 'mon-fry' is no day");
  said(R"(allow = { times = { { from = "8:00" } } })", "allow.times[1].from: '8:00' is no time such as 08:00");
  said(R"(allow = { times = { { to = "24:01" } } })", "allow.times[1].to: '24:01' is no time");
  said(R"(allow = { times = { { from = "09:00", to = "09:00" } } })", "it ends when it begins");
  said(R"(allow = { times = {} })", "allow.times: is empty");
  said(R"(allow = { times = { { day = "mon" } } })", "unknown field 'day'; did you mean 'days'?");
  said(R"(limits = { quotas = { { per_day = 1 } } })", "the field 'flows' is missing");
  said(R"(limits = { quotas = { { flows = { "*" } } } })", "says how many of nothing");
  said(R"(limits = { quotas = { { flows = { "*" }, per_day = 0 } } })", "limits.quotas[1].per_day: must be 1..");
  said(R"(approval = { "policy usage" })", "approval: there is no 'policy usage' that could be approved");
  said(R"(rules = { p.deny { when = p.within { at = "08:00" }, because = "" } })", "p.within: unknown field 'at'");
  said(R"(examples = { p.example { command = "80F0807F", at = "noon", expect = "allow" } })",
       "'noon' is no moment such as");
}

TEST(Policy, a_policy_that_never_ends_is_stopped) {
  try {
    Policy::parse("test.lua", "while true do end", bundle());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::budget) << error.message();
  }
}

TEST(Policy, the_shipped_ones_load_and_deny_all_denies) {
  const auto standard = Policy::load(CW_SOURCE_DIR "/policies/default.lua", bundle());
  EXPECT_TRUE(standard->judge_flow("demo/install").allowed);
  const auto none = Policy::load(CW_SOURCE_DIR "/policies/deny_all.lua", bundle());
  EXPECT_FALSE(none->judge_flow("demo/install").allowed);
  EXPECT_FALSE(judge(*none, "80F28002024F00").allowed);
}

}  // namespace
}  // namespace cw::engine
