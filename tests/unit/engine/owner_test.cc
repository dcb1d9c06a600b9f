// Owners: what an operator's policy and an owner's say together, and which key sets an owner's runs see.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "engine/bundle.h"
#include "engine/gate.h"
#include "engine/owner_keys.h"
#include "engine/policy.h"

namespace cw::engine {
namespace {

std::shared_ptr<const Policy> policy(const std::string& name, const std::string& fields) {
  static const auto bundle = Bundle::load(CW_SOURCE_DIR);
  return Policy::parse(name + ".lua",
                       "local p = require 'cw.policy'\nreturn { name = '" + name + "', api = 1, " + fields + " }",
                       *bundle);
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing";
}

Facts facts(const std::string& hex) {
  Circumstances around;
  around.isd_aids = known_isd_aids();
  return facts_of(host::command_of(card::Apdu::parse(from_hex(hex))), around);
}

constexpr const char* kDelete = "80E40000074F05F063617264";
constexpr const char* kStatus = "80F24000024F00";

TEST(OwnerPolicy, a_run_is_allowed_what_both_allow) {
  const auto house = policy("house", R"(rules = { p.deny { on = "DELETE", because = "nothing goes" } })");
  const auto acme = policy(
      "acme", R"(rules = { p.allow { on = "DELETE" }, p.deny { on = "GET STATUS", because = "nobody looks" } })");
  const auto both = house->over(acme, "acme");
  const Decision deleted = both->judge(facts(kDelete));
  EXPECT_FALSE(deleted.allowed) << "the operator's no stands, whatever the owner allows";
  EXPECT_EQ(deleted.by, "") << "the operator's";
  const Decision looked = both->judge(facts(kStatus));
  EXPECT_FALSE(looked.allowed);
  EXPECT_EQ(looked.because, "rules[2]: nobody looks");
  EXPECT_EQ(looked.by, "acme");
  EXPECT_TRUE(house->judge(facts(kStatus)).allowed) << "the operator's own runs";
  EXPECT_TRUE(both->judge(facts("00A4040000")).allowed);
}

TEST(OwnerPolicy, everything_else_is_what_both_allow_too) {
  const auto house = policy("house", R"(allow = { flows = { "acme/*" }, channel = { scp = { "03" } },
                                          backends = { ["https://a.example/x/"] = {} } },
                                          owners = { acme = { backends = { "https://a.example/x/" } } })");
  const auto acme = policy("acme", R"(allow = { flows = { "*/install" }, channel = { level = "mac+enc" },
                                        backends = { ["https://a.example/x/y/"] = {}, ["https://b.example/"] = {} } })");
  const auto both = house->over(acme, "acme");
  EXPECT_TRUE(both->judge_flow("acme/install").allowed);
  EXPECT_EQ(both->judge_flow("acme/remove").by, "acme");
  EXPECT_EQ(both->judge_flow("other/install").by, "");
  EXPECT_FALSE(both->judge_flow("other/install").allowed);
  EXPECT_FALSE(both->judge_channel(2, 0x33).allowed);
  EXPECT_EQ(both->judge_channel(3, 0x01).by, "acme");
  EXPECT_TRUE(both->judge_channel(3, 0x03).allowed);
  EXPECT_TRUE(both->judge_http("https://a.example/x/y/z").allowed);
  EXPECT_EQ(both->judge_http("https://a.example/x/").by, "acme");
  EXPECT_FALSE(both->judge_http("https://b.example/").allowed) << "an owner cannot open the network";
  EXPECT_FALSE(house->over(nullptr, "zenith")->judge_http("https://a.example/x/").allowed)
      << "nobody said so for zenith";
  EXPECT_TRUE(house->judge_http("https://a.example/x/").allowed) << "the operator's own";
}

TEST(OwnerPolicy, the_lower_limit_counts_and_another_owners_takes_its_place) {
  const auto house = policy("house", "limits = { commands = 100, attempts = 2 }");
  const auto acme = policy("acme", "limits = { commands = 1000, attempts = 1, memory_mib = 4 }");
  const auto both = house->over(acme, "acme");
  EXPECT_EQ(both->limits().commands, 100);
  EXPECT_EQ(both->limits().attempts, 1);
  EXPECT_EQ(both->limits().memory_mib, 4);
  EXPECT_EQ(both->over(nullptr, "acme")->limits().attempts, 2) << "nothing of the one before is left";
  EXPECT_EQ(both->over(nullptr, "acme")->limits().memory_mib, 16);
  EXPECT_EQ(both->name(), "house");
  EXPECT_EQ(both->hash(), house->hash());
}

TEST(OwnerPolicy, the_gate_names_the_policy_that_refused) {
  const auto acme = policy("acme", R"(rules = { p.deny { on = "DELETE", because = "kept" } })");
  Gate gate(policy("house", "")->over(acme, "acme"), "acme/remove", {}, {}, {});
  host::Exchange plan;
  plan.plan = {host::command_of(card::Apdu::parse(from_hex(kDelete)))};
  EXPECT_EQ(refusal([&] { gate.admit(plan, {}); }),
            "DELETE is not allowed by policy acme: rules[1]: kept; nothing was sent");
  EXPECT_EQ(gate.refusal().policy, "acme");
  const std::vector<Considered> why = gate.consider(plan.plan[0], {});
  ASSERT_EQ(why.size(), 2U);
  EXPECT_EQ(why[0].place, "otherwise");
  EXPECT_EQ(why[1].place, "acme: rules[1]") << "which decided";
}

TEST(OwnerPolicy, an_operators_policy_says_what_owners_may_have) {
  const auto house = policy("house", R"(owners = { acme = { keys = { "isd", "lab.*" }, unowned_cards = true,
                                                            quotas = { { flows = { "*" }, per_hour = 20 } } },
                                                   ["*"] = { quotas = { { flows = { "*" }, at_once = 1 } } } })");
  EXPECT_TRUE(house->grant("acme").lends("isd"));
  EXPECT_TRUE(house->grant("acme").lends("lab.7"));
  EXPECT_FALSE(house->grant("acme").lends("hsm"));
  EXPECT_TRUE(house->grant("acme").unowned_cards);
  EXPECT_FALSE(house->grant("zenith").unowned_cards);
  ASSERT_EQ(house->grant("zenith").quotas.size(), 1U);
  EXPECT_EQ(house->grant("zenith").quotas[0].place, "owners['*'].quotas[1]");
  EXPECT_NE(std::find(house->lines().begin(), house->lines().end(),
                      "owners.acme = keys isd, keys lab.*, cards of nobody, 20 runs of * per hour"),
            house->lines().end());
  EXPECT_TRUE(policy("plain", "")->grant("acme").keys.empty());
  EXPECT_NE(refusal([&] { house->want_no_owners(); }).find("only the operator's policy"), std::string::npos);
  EXPECT_EQ(refusal([&] { policy("plain", "")->want_no_owners(); }), "nothing");
}

TEST(OwnerPolicy, what_is_wrong_with_it_is_said_with_its_place) {
  EXPECT_NE(refusal([] { policy("x", "owners = { 'acme' }"); }).find("owners"), std::string::npos);
  EXPECT_NE(refusal([] { policy("x", "owners = { acme = { key = {} } }"); }).find("owners['acme']"), std::string::npos);
  EXPECT_NE(
      refusal([] { policy("x", "owners = { acme = { unowned_cards = 1 } }"); }).find("owners['acme'].unowned_cards"),
      std::string::npos);
  EXPECT_NE(refusal([] { policy("x", "owners = { acme = { quotas = { {} } } }"); }).find("owners['acme'].quotas[1]"),
            std::string::npos);
}

std::shared_ptr<const crypto::KeyStore> custody() {
  std::string text;
  for (const char* name : {"isd", "lab.1", "acme/isd", "acme/transit", "zenith/isd"}) {
    text += std::string("[") + name + "]\ntype = aes\nversion = 30\n";
    for (const char* key : {"enc", "mac", "dek"}) text += std::string(key) + " = 404142434445464748494A4B4C4D4E4F\n";
  }
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test.keys"));
}

TEST(OwnerKeys, an_owner_sees_its_own_and_what_is_lent) {
  const OwnerKeys acme(custody(), "acme", OwnerGrant{{"lab.*", "isd"}, {}, false, {}});
  EXPECT_EQ(acme.names(), (std::vector<std::string>{"isd", "lab.1", "transit"}));
  EXPECT_EQ(acme.find("isd").name, "isd");
  EXPECT_EQ(acme.in_custody("isd"), "acme/isd") << "its own comes first";
  EXPECT_EQ(acme.in_custody("lab.1"), "lab.1");
  EXPECT_EQ(acme.in_custody("transit"), "acme/transit");
  for (const char* name : {"zenith/isd", "acme/isd", "../zenith/isd", ""}) {
    EXPECT_NE(refusal([&] { acme.find(name); }).find("owner acme has no key set"), std::string::npos) << name;
  }
  const OwnerKeys zenith(custody(), "zenith", {});
  EXPECT_EQ(zenith.names(), (std::vector<std::string>{"isd"}));
  EXPECT_EQ(zenith.in_custody("isd"), "zenith/isd");
  EXPECT_EQ(refusal([&] { zenith.find("lab.1"); }),
            "owner zenith has no key set 'lab.1'; put [zenith/lab.1] into the key store, or lend the operator's: "
            "owners.zenith.keys in the operator's policy");
}

TEST(OwnerKeys, the_operators_runs_see_none_of_an_owners) {
  const OwnerKeys house(custody(), "", {});
  EXPECT_EQ(house.names(), (std::vector<std::string>{"isd", "lab.1"}));
  EXPECT_EQ(refusal([&] { house.find("acme/transit"); }),
            "key set 'acme/transit' is an owner's, and the operator's runs use none of theirs");
  EXPECT_NE(refusal([&] { house.find("lab.2"); }).find("lab.1"), std::string::npos) << "what is near is said";
}

}  // namespace
}  // namespace cw::engine
