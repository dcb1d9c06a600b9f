// Providers: an owner is managed while it is approved and its period runs, and nothing of it is at any other time.
#include "store/providers.h"

#include <atomic>
#include <thread>

#include "store/schema.h"
#include "stores.h"

namespace cw::store {
namespace {

constexpr int64_t kDay = 24 * 3600 * 1000;

int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class ProviderStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped()) return;
    store_ = open();
  }

  Providers& providers() { return store_->providers(); }
  /// One that is approved for a day.
  void approved(const std::string& name) {
    providers().enter(name, {"Acme Inc.", "Ada", {}}, false, "ada@desk");
    providers().review(name, true, "papers are in order", "bob@desk");
    providers().approve(name, {now(), now() + kDay, false}, "contract 7", "bob@desk");
  }
  static RunRow run_of(const std::string& owner, const std::string& card = {}) {
    RunRow row = a_run("demo/install");
    row.owner = owner;
    row.card_id = card;
    return row;
  }
  Lease begin_of(const RunRow& row) {
    return store_->runs().create(row, key_of_run(), to_bytes("first"), PolicyIs::in_use, {}, {});
  }
  std::string why_not(const std::string& name) {
    return refusal([&] { providers().want_managed(name); });
  }
  std::vector<std::string> audited(const std::string& subject) {
    std::vector<std::string> out;
    for (const AuditRecord& each : store_->audit().list(1, 0)) {
      if (each.entry.subject == subject) out.push_back(each.entry.actor + " " + each.entry.action);
    }
    return out;
  }

  std::shared_ptr<Store> store_;
};

TEST_P(ProviderStories, one_is_registered_looked_into_approved_and_only_then_managed) {
  providers().enter("acme", {"Acme Inc.", "Ada, +49 30 1234", "wants transit cards"}, false, "ada@desk");
  EXPECT_EQ(why_not("acme"),
            "policy: nothing of provider acme is managed: it is registered and not approved yet; cardwright owner "
            "review and cardwright owner approve come first");
  EXPECT_EQ(cause_of([&] { begin_of(run_of("acme")); }), kNotManaged);
  EXPECT_NE(refusal([&] {
              providers().approve("acme", {now(), 0, false}, "", "bob@desk");
            }).find("is registered and cannot be approved: cardwright owner review acme --accept comes first"),
            std::string::npos);
  providers().review("acme", false, "no licence", "bob@desk");
  EXPECT_NE(why_not("acme").find("it was refused on 20"), std::string::npos) << why_not("acme");
  EXPECT_NE(why_not("acme").find(" by bob@desk: no licence; "), std::string::npos) << why_not("acme");
  EXPECT_NE(refusal([&] {
              providers().approve("acme", {now(), 0, false}, "", "bob@desk");
            }).find("refused"),
            std::string::npos);
  providers().review("acme", true, "licence came", "bob@desk");
  EXPECT_NE(why_not("acme").find("accepted and not approved"), std::string::npos);
  providers().approve("acme", {now(), now() + kDay, false}, "", "bob@desk");
  EXPECT_EQ(why_not("acme"), "");
  EXPECT_NO_THROW(begin_of(run_of("acme")));
  EXPECT_EQ(why_not(""), "") << "the operator's own always is";
  EXPECT_EQ(why_not("acne").find("usage: there is no owner 'acne'"), 0U);

  const std::vector<std::string> all = {"ada@desk owner registered", "bob@desk owner refused",
                                        "bob@desk owner accepted", "bob@desk owner approved"};
  EXPECT_EQ(audited("acme"), all);
  ASSERT_EQ(providers().history("acme").size(), 4U);
  EXPECT_EQ(providers().history("acme")[2].why, "no licence");
  EXPECT_EQ(providers().contact("acme").contact, "Ada, +49 30 1234");
  for (const AuditRecord& each : store_->audit().list(1, 0)) {
    for (const auto& [name, value] : each.entry.details) EXPECT_EQ(value.find("+49"), std::string::npos) << name;
  }
}

TEST_P(ProviderStories, a_period_begins_and_ends_by_the_clock_and_is_given_anew) {
  providers().enter("acme", {}, false, "ada@desk");
  providers().review("acme", true, "", "bob@desk");
  providers().approve("acme", {now() + kDay, now() + 2 * kDay, false}, "", "bob@desk");
  EXPECT_NE(why_not("acme").find("it is approved from 20"), std::string::npos) << why_not("acme");
  EXPECT_NE(refusal([&] {
              providers().approve("acme", {now() - 2 * kDay, now() - kDay, false}, "", "bob@desk");
            }).find("over before it begins"),
            std::string::npos);
  EXPECT_NE(refusal([&] { providers().approve("acme", {now(), now(), false}, "", "bob@desk"); }), "");
  store_->database().run({"UPDATE provider_states SET valid_from = $1, valid_until = $2",
                          {now() - kDay, now() - 1}});  // as if the day was over
  EXPECT_NE(why_not("acme").find("its approval ended on 20"), std::string::npos) << why_not("acme");
  EXPECT_NE(why_not("acme").find("cardwright owner approve acme gives it a new period"), std::string::npos);
  EXPECT_EQ(cause_of([&] { begin_of(run_of("acme")); }), kNotManaged);
  providers().approve("acme", {now(), 0, false}, "for good", "bob@desk");
  EXPECT_EQ(why_not("acme"), "");
  EXPECT_EQ(providers().standing("acme").until, 0);
}

TEST_P(ProviderStories, nothing_of_a_suspended_one_changes_until_it_is_resumed_and_others_go_on) {
  approved("acme");
  approved("zenith");
  Version version;
  version.hash = std::string(64, 'A');
  version.name = "strict";
  store_->policies("acme").load(version, to_bytes("sealed"));
  store_->owners().give("CPLC-1", "acme", "ada@desk");
  providers().suspend("acme", "unpaid", "bob@desk");
  EXPECT_NE(why_not("acme").find("it is suspended since 20"), std::string::npos) << why_not("acme");
  EXPECT_NE(why_not("acme").find(" by bob@desk: unpaid; cardwright owner resume acme ends that"), std::string::npos);
  EXPECT_EQ(cause_of([&] { begin_of(run_of("acme")); }), kNotManaged);
  EXPECT_EQ(cause_of([&] { store_->owners().give("CPLC-2", "acme", "ada@desk"); }), kNotManaged);
  for (const auto& versions : {&store_->policies("acme"), &store_->bundles("acme")}) {
    EXPECT_EQ(cause_of([&] { versions->load(version, to_bytes("sealed")); }), kNotManaged);
    EXPECT_EQ(cause_of([&] { versions->use(version.hash, "ada@desk", ""); }), kNotManaged);
    EXPECT_EQ(cause_of([&] { versions->begin_canary(version.hash, 1, "ada@desk", ""); }), kNotManaged);
  }
  EXPECT_EQ(store_->policies("acme").find("strict").name, "strict") << "it can be looked at";
  EXPECT_EQ(store_->owners().owner_of("CPLC-1"), "acme") << "and has what it had";
  EXPECT_NO_THROW(begin_of(run_of("zenith")));
  EXPECT_NO_THROW(begin_of(run_of("")));
  EXPECT_NE(refusal([&] { providers().suspend("acme", "", "bob@desk"); }).find("cannot be suspended"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              providers().approve("acme", {now(), 0, false}, "", "bob@desk");
            }).find("cardwright owner resume acme ends that first"),
            std::string::npos);
  const int64_t until = providers().standing("acme").until;
  providers().resume("acme", "paid", "bob@desk");
  EXPECT_EQ(why_not("acme"), "");
  EXPECT_EQ(providers().standing("acme").until, until) << "for what is left of its period";
  EXPECT_EQ(audited("acme").back(), "bob@desk owner resumed");
  EXPECT_NO_THROW(store_->policies("acme").use(version.hash, "ada@desk", ""));
  EXPECT_NE(refusal([&] { providers().resume("acme", "", "bob@desk"); }).find("is approved and cannot be resumed"),
            std::string::npos);
}

TEST_P(ProviderStories, a_period_that_begins_later_does_not_end_the_one_that_runs) {
  approved("acme");
  const int64_t until = providers().standing("acme").until;
  EXPECT_NE(refusal([&] {
              providers().approve("acme", {now() + kDay, now() + 2 * kDay, false}, "", "bob@desk");
            }).find("usage: owner acme is managed now, and a period from "),
            std::string::npos);
  EXPECT_EQ(why_not("acme"), "");
  EXPECT_EQ(providers().standing("acme").until, until);
  providers().approve("acme", {now(), now() + 2 * kDay, false}, "", "bob@desk");
  EXPECT_GT(providers().standing("acme").until, until) << "it is renewed from now on";
  store_->database().run({"UPDATE provider_states SET valid_until = 1 WHERE valid_until > 1", {}});  // it is over
  providers().approve("acme", {now() + kDay, now() + 2 * kDay, false}, "", "bob@desk");
  EXPECT_NE(why_not("acme").find("it is approved from"), std::string::npos) << why_not("acme");
}

TEST_P(ProviderStories, what_begins_for_one_is_done_before_it_is_suspended_or_not_at_all) {
  approved("acme");
  const std::shared_ptr<Store> other = open("there");
  std::atomic<bool> suspended = false;
  std::thread operator_;
  std::string run;
  store_->database().transact([&] {
    run = begin_of(run_of("acme")).run();
    operator_ = std::thread([&] {
      other->providers().suspend("acme", "unpaid", "bob@desk");
      suspended = true;
    });
    // Long enough for one who does not wait.
    for (int i = 0; i < 30 && !suspended; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_FALSE(suspended) << "it was asked whether it is managed, and that has to hold until the run is there";
  });
  operator_.join();
  EXPECT_EQ(store_->runs().find(run).owner, "acme");
  EXPECT_EQ(providers().standing("acme").state, ProviderState::suspended);
  EXPECT_EQ(cause_of([&] { begin_of(run_of("acme")); }), kNotManaged);
}

TEST_P(ProviderStories, two_persons_are_two_whoever_registered_does_not_approve) {
  providers().enter("acme", {}, false, "ada@desk");
  providers().review("acme", true, "", "ada@desk");
  EXPECT_EQ(refusal([&] {
              providers().approve("acme", {now(), 0, true}, "", "ada@laptop");
            }),
            "policy: owner acme was registered by ada@desk, and the policy in use asks for a second person to approve "
            "it");
  providers().approve("acme", {now(), 0, true}, "", "bob@desk");
  EXPECT_NE(refusal([&] {
              providers().approve("acme", {now(), now() + kDay, true}, "", "ada@desk");
            }),
            "")
      << "nor prolongs";
  store_->owners().add("plain", "ada@desk");
  EXPECT_NE(refusal([&] { providers().approve("plain", {now(), now() + kDay, true}, "", "ada@desk"); }), "");
  EXPECT_EQ(refusal([&] { providers().approve("plain", {now(), now() + kDay, true}, "", "bob@desk"); }), "");
}

TEST_P(ProviderStories, one_that_goes_says_what_becomes_of_what_it_has_and_its_name_is_not_anybodys) {
  approved("acme");
  approved("zenith");
  store_->owners().give("CPLC-1", "acme", "ada@desk");
  store_->owners().give("CPLC-2", "acme", "ada@desk");
  Domain domain;
  domain.card = "CPLC-1";
  domain.aid = "F063617264770001";
  domain.owner = "acme";
  store_->domains().put(domain, "ada@desk");
  const std::string run = begin_of(run_of("acme", "CPLC-1")).run();
  EXPECT_EQ(
      refusal([&] { providers().deregister("acme", {}, "", "bob@desk"); }),
      "usage: owner acme has cards: 2, domains: 1, runs that are not over: 1; say what becomes of them: --to OWNER, or "
      "--to operator, and --stop-runs");
  EXPECT_NE(refusal([&] { providers().deregister("acme", {"zenith", false}, "", "bob@desk"); }), "");
  EXPECT_NE(refusal([&] { providers().deregister("acme", {"acme", true}, "", "bob@desk"); }), "");
  EXPECT_NE(refusal([&] { providers().deregister("acme", {"nobody", true}, "", "bob@desk"); }), "");
  providers().suspend("zenith", "", "bob@desk");
  EXPECT_EQ(cause_of([&] { providers().deregister("acme", {"zenith", true}, "", "bob@desk"); }), kNotManaged);
  providers().resume("zenith", "", "bob@desk");
  EXPECT_EQ(store_->owners().owner_of("CPLC-1"), "acme") << "nothing was half done";
  EXPECT_FALSE(store_->runs().find(run).stop_asked);
  providers().deregister("acme", {"zenith", true}, "contract ended", "bob@desk");
  EXPECT_EQ(store_->owners().owner_of("CPLC-1"), "zenith");
  EXPECT_EQ(store_->owners().owner_of("CPLC-2"), "zenith");
  EXPECT_EQ(store_->domains().list({})[0].owner, "zenith");
  EXPECT_TRUE(store_->runs().find(run).stop_asked);
  const std::vector<std::string> of_card = {"ada@desk card given", "bob@desk card taken back", "bob@desk card given"};
  EXPECT_EQ(audited("CPLC-1"), of_card);
  EXPECT_NE(why_not("acme").find("it was deregistered on 20"), std::string::npos) << why_not("acme");
  EXPECT_EQ(store_->runs().find(run).owner, "acme") << "its name stays";
  EXPECT_EQ(providers().history("acme").size(), 4U);

  for (const auto& taken : {refusal([&] { store_->owners().add("acme", "eve@desk"); }),
                            refusal([&] { providers().enter("acme", {}, false, "eve@desk"); })}) {
    EXPECT_EQ(taken.find("usage: there was an owner acme, which is deregistered, and its runs and records name it"), 0U)
        << taken;
  }
  EXPECT_NE(refusal([&] { providers().resume("acme", "", "bob@desk"); }), "");
  EXPECT_NE(refusal([&] { providers().deregister("acme", {}, "", "bob@desk"); }), "");
  providers().enter("acme", {}, true, "ada@desk");
  EXPECT_EQ(providers().standing("acme").state, ProviderState::registered);
  EXPECT_EQ(providers().standing("acme").number, 5);
  EXPECT_EQ(providers().contact("acme").organisation, "Acme Inc.") << "what is not said stays";
  EXPECT_NE(refusal([&] { providers().enter("acme", {}, true, "ada@desk"); }), "") << "once";
  EXPECT_EQ(refusal([&] { providers().enter("new", {}, true, "ada@desk"); }).find("usage: there is no owner 'new'"),
            0U);
  providers().deregister("zenith", {"", false}, "", "bob@desk");
  EXPECT_EQ(store_->owners().owner_of("CPLC-2"), "") << "nobody's";
}

TEST_P(ProviderStories, contact_data_is_lines_and_what_changes_is_told_without_what_it_says) {
  approved("acme");
  EXPECT_NE(refusal([&] { providers().update("acme", {{}, "two\nlines", {}}, "ada@desk"); }), "");
  EXPECT_NE(refusal([&] { providers().update("acme", {std::string(1001, 'x'), {}, {}}, "ada@desk"); }), "");
  EXPECT_NE(refusal([&] { providers().suspend("acme", "a\nb", "ada@desk"); }), "");
  for (const char* odd : {"Acme\xFF", "\xC3",
                          "a\xE2\x80\xAE"
                          "dap",
                          "\xE2\x81\xA6", "\xC2\x85"}) {
    EXPECT_NE(refusal([&] { providers().update("acme", {odd, {}, {}}, "ada@desk"); }), "") << odd;
    EXPECT_NE(refusal([&] { providers().suspend("acme", odd, "ada@desk"); }), "") << odd;
  }
  providers().update("acme", {{}, "Grace", ""}, "ada@desk");
  EXPECT_EQ(providers().contact("acme").organisation, "Acme Inc.");
  EXPECT_EQ(providers().contact("acme").contact, "Grace");
  const size_t records = audited("acme").size();
  EXPECT_EQ(store_->audit().list(1, 0).back().entry.details[0],
            (std::pair<std::string, std::string>("changed", "contact")));
  providers().update("acme", {{}, "Grace", ""}, "ada@desk");
  EXPECT_EQ(audited("acme").size(), records) << "nothing changed";
  EXPECT_NE(refusal([&] { providers().update("acne", {}, "ada@desk"); }), "");
  EXPECT_NE(refusal([&] { providers().enter("Acme Inc.", {}, false, "ada@desk"); }).find("cannot be an owner's name"),
            std::string::npos);
  EXPECT_NE(refusal([&] { providers().enter("acme", {}, false, "ada@desk"); }).find("it is approved"),
            std::string::npos);
}

TEST_P(ProviderStories, owners_of_format_5_stay_managed_without_an_end) {
  store_->owners().add("acme", "ada@desk");
  store_->owners().give("CPLC-1", "acme", "ada@desk");
  const std::unique_ptr<Database> old = database();
  before_domains(*old);
  old->run({"UPDATE meta SET number = 5 WHERE name = 'format'", {}});
  StoreOptions wanted = options();
  wanted.migrate = false;
  EXPECT_EQ(cause_of([&] { Store::open(wanted); }), "older");
  store_ = open();
  const Standing it = providers().standing("acme");
  EXPECT_EQ(it.state, ProviderState::approved);
  EXPECT_EQ(it.until, 0);
  EXPECT_EQ(it.by, "ada@desk");
  EXPECT_EQ(why_not("acme"), "");
  EXPECT_EQ(store_->owners().owner_of("CPLC-1"), "acme");
  EXPECT_EQ(store_->check().broken, std::vector<std::string>());
  EXPECT_NO_THROW(begin_of(run_of("acme")));
  providers().suspend("acme", "", "bob@desk");
  EXPECT_EQ(providers().list().size(), 1U);
}

TEST_P(ProviderStories, an_owner_that_stands_nowhere_is_found_and_not_managed) {
  store_->owners().add("acme", "ada@desk");
  store_->database().run({"DELETE FROM provider_states", {}});
  EXPECT_EQ(why_not("acme").find("store: what owner acme is stands nowhere"), 0U) << why_not("acme");
  ASSERT_EQ(store_->check().broken.size(), 1U);
  EXPECT_NE(store_->check().broken[0].find("owner acme"), std::string::npos);
  store_->database().run(
      {"INSERT INTO provider_states (owner, number, state, since, changed_by, why, valid_from, valid_until) VALUES "
       "('acme', 1, 'free', 0, '', '', 0, 0)",
       {}});
  EXPECT_EQ(cause_of([&] { providers().want_managed("acme"); }), "corrupt");
}

INSTANTIATE_TEST_SUITE_P(On, ProviderStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
