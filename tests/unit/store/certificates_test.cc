// What was issued, renewed and revoked: kept once, seen by whom it belongs to, told to the audit.
#include "store/certificates.h"

#include "store/ledgers.h"
#include "stores.h"

namespace cw::store {
namespace {

constexpr int64_t kNow = 1'800'000'000'000;
constexpr int64_t kDay = 86'400'000;

class CertificateStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped()) return;
    store_ = open();
    all_ = make_certificates(store_->database(), store_->audit());
    store_->owners().add("acme", "ada@desk");
    store_->owners().add("zenith", "ada@desk");
    CertificateAuthority authority;
    authority.name = "root";
    authority.serial = "00";
    authority.key = "ca";
    all().add_authority(authority, made("00", "CN=root", "", "ca"), "ada@desk");
  }

  Certificates& all() { return *all_; }
  static Certificate made(const std::string& serial, const std::string& subject, const std::string& owner = {},
                          const std::string& profile = "client") {
    Certificate out;
    out.serial = serial;
    out.authority = "root";
    out.profile = profile;
    out.subject = subject;
    out.owner = owner;
    out.not_before = kNow - kDay;
    out.not_after = kNow + 30 * kDay;
    out.issued = kNow;
    out.issued_by = "ada@desk";
    out.key_hash = "KEY OF " + serial;
    out.der = to_bytes("certificate " + serial);
    return out;
  }
  std::vector<std::string> serials(CertificateQuery query) {
    query.now = kNow;
    std::vector<std::string> out;
    for (const Certificate& each : all().list(query)) out.push_back(each.serial);
    return out;
  }
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    for (const AuditRecord& record : store_->audit().list(1, 0)) out.push_back(record.entry.action);
    return out;
  }

  std::shared_ptr<Store> store_;
  std::unique_ptr<Certificates> all_;
};

TEST_P(CertificateStories, an_owner_sees_and_gets_only_what_is_theirs) {
  all().add(made("0A", "CN=a", "acme"), "ada@desk");
  all().add(made("0B", "CN=b", "zenith"), "ada@desk");
  all().add(made("0C", "CN=c"), "ada@desk");
  EXPECT_EQ(serials({.owner = "acme"}), (std::vector<std::string>{"0A"}));
  EXPECT_EQ(serials({.owner = ""}), (std::vector<std::string>{"00", "0C"}));
  EXPECT_EQ(serials({}).size(), 4u);
  EXPECT_EQ(all().find("0A", "acme").der, to_bytes("certificate 0A"));
  EXPECT_EQ(refusal([&] { all().find("0B", "acme"); }),
            "usage: there is no certificate '0B' of acme; cardwright ca list shows those there are, with their serial "
            "numbers");
  EXPECT_EQ(refusal([&] { all().add(made("0D", "CN=d", "nobody"), "ada@desk"); }).find("usage: there is no owner"), 0u);
  EXPECT_FALSE(all().look_up("root", "0D"));
}

TEST_P(CertificateStories, a_name_that_doors_know_one_party_by_is_not_given_to_another) {
  all().add(made("0A", "CN=tsm", "acme"), "ada@desk");
  all().add(made("0B", "CN=tsm", "acme"), "ada@desk");
  EXPECT_EQ(refusal([&] {
              all().add(made("0C", "CN=tsm", "zenith"), "ada@desk");
            }).find("usage: there is a certificate for CN=tsm that belongs to acme"),
            0u);
  EXPECT_FALSE(all().look_up("root", "0C"));
  for (const char* serial : {"0A", "0B"}) all().revoke(serial, "cessationOfOperation", kNow, "ada@desk");
  all().add(made("0C", "CN=tsm", "zenith"), "ada@desk");
}

TEST_P(CertificateStories, a_name_is_one_partys_whichever_authority_issued_it_and_no_authoritys) {
  CertificateAuthority other;
  other.name = "other";
  other.serial = "01";
  Certificate own = made("01", "CN=other", "", "ca");
  own.authority = "other";
  all().add_authority(other, own, "ada@desk");
  all().add(made("0A", "CN=tsm", "acme"), "ada@desk");
  Certificate theirs = made("0B", "CN=tsm", "zenith");
  theirs.authority = "other";
  EXPECT_EQ(refusal([&] { all().add(theirs, "ada@desk"); }).find("usage: there is a certificate for CN=tsm that"), 0u);
  for (const char* name : {"CN=root", "CN=Other"}) {
    EXPECT_EQ(refusal([&] { all().add(made("0C", name), "ada@desk"); }),
              std::string("usage: ") + name + " is the name of an authority; choose another subject");
  }
  EXPECT_FALSE(all().look_up("root", "0C"));
}

TEST_P(CertificateStories, two_authorities_never_sign_lists_in_one_name_or_by_one_key) {
  CertificateAuthority second;
  second.name = "root2";
  second.serial = "01";
  const auto refused = [&](const Certificate& certificate) {
    const std::string out = refusal([&] { all().add_authority(second, certificate, "ada@desk"); });
    EXPECT_FALSE(all().look_up("root2", "01")) << "nothing is half made";
    return out;
  };
  const auto of = [&](const std::string& subject, const std::string& key) {
    Certificate out = made("01", subject, "", "ca");
    out.authority = "root2";
    out.key_hash = key;
    return out;
  };
  const std::string rest =
      ", and the revocation lists of two would be taken for each other's; choose another subject and another key";
  EXPECT_EQ(refused(of("CN=root", "KEY")), "usage: the authority 'root' has this subject" + rest);
  EXPECT_EQ(refused(of("cn=ROOT", "KEY")), "usage: the authority 'root' has this subject" + rest)
      << "clients compare names in any case";
  EXPECT_EQ(refused(of("CN=another", "KEY OF 00")), "usage: the authority 'root' has this key" + rest);
  all().revoke("00", "cessationOfOperation", kNow, "ada@desk");
  EXPECT_EQ(refused(of("CN=root", "KEY")), "usage: the authority 'root' has this subject" + rest)
      << "its numbers would begin again";
}

TEST_P(CertificateStories, an_authority_that_was_revoked_issues_nothing_and_its_lists_go_on) {
  all().add(made("0A", "CN=a"), "ada@desk");
  all().revoke("00", "cACompromise", kNow, "ada@desk");
  const std::string said =
      "usage: the authority 'root' is revoked (cACompromise), and issues nothing more; make another one with ca init";
  EXPECT_EQ(refusal([&] { all().add(made("0B", "CN=b"), "ada@desk"); }), said);
  EXPECT_EQ(refusal([&] { all().add(made("0B", "CN=a"), "ada@desk", "0A"); }), said);
  all().revoke("0A", "superseded", kNow, "ada@desk");
  EXPECT_EQ(all().begin_list("root").revoked.size(), 2u);
}

TEST_P(CertificateStories, a_provider_that_is_not_managed_gets_none) {
  all().add(made("0A", "CN=a", "acme"), "ada@desk");
  store_->providers().suspend("acme", "unpaid", "ada@desk");
  const std::string said = refusal([&] { all().add(made("0B", "CN=b", "acme"), "ada@desk"); });
  EXPECT_EQ(said.find("policy: nothing of provider acme is managed: "), 0u) << said;
  EXPECT_NE(refusal([&] { all().add(made("0B", "CN=a", "acme"), "ada@desk", "0A"); }), "nothing was refused");
  store_->providers().resume("acme", "paid", "ada@desk");
  all().add(made("0B", "CN=a", "acme"), "ada@desk", "0A");
  store_->providers().deregister("zenith", {}, "left", "ada@desk");
  EXPECT_FALSE(refusal([&] { all().add(made("0C", "CN=c", "zenith"), "ada@desk"); }).empty());
  EXPECT_FALSE(all().look_up("root", "0C"));
}

TEST_P(CertificateStories, a_key_that_was_compromised_is_not_certified_again) {
  const auto of = [](const std::string& serial, const std::string& key) {
    Certificate out = made(serial, "CN=tsm");
    out.key_hash = key;
    return out;
  };
  all().add(of("0A", "K1"), "ada@desk");
  all().add(of("0B", "K2"), "ada@desk");
  all().revoke("0A", "keyCompromise", kNow, "ada@desk");
  all().revoke("0B", "superseded", kNow, "ada@desk");
  EXPECT_EQ(
      refusal([&] { all().add(of("0C", "K1"), "ada@desk"); }),
      "usage: this key was revoked with certificate 0A (keyCompromise), so others may hold it too; make a new key "
      "pair, and a request for that");
  all().add(of("0C", "K2"), "ada@desk");
}

TEST_P(CertificateStories, serial_numbers_are_found_as_other_programs_write_them) {
  all().add(made("0A1B", "CN=a"), "ada@desk");
  EXPECT_EQ(all().find("0a1b").serial, "0A1B");
  EXPECT_EQ(all().find("0A:1b").serial, "0A1B");
  EXPECT_TRUE(all().look_up("root", "0a1b"));
  all().revoke("0a1b", "superseded", kNow, "ada@desk");
  EXPECT_EQ(all().find("0A1B").state(kNow), "revoked");
}

TEST_P(CertificateStories, what_was_revoked_while_a_list_was_made_is_known_to_be_missing_whatever_clocks_say) {
  for (const char* serial : {"0A", "0B", "0C"}) all().add(made(serial, "CN=a"), "ada@desk");
  EXPECT_FALSE(all().list_standing("root").there);
  all().revoke("0A", "superseded", kNow + kDay, "ada@desk");  // by a clock that is ahead
  const auto first = all().begin_list("root");
  all().revoke("0B", "superseded", kNow - kDay, "ada@desk");  // by one that is behind, while the list is signed
  all().put_list("root", {first.number, first.revocations, to_bytes("first"), kNow, kNow + kDay}, "ada@desk");
  EXPECT_TRUE(all().list_standing("root").there);
  EXPECT_FALSE(all().list_standing("root").knows_all);
  const auto second = all().begin_list("root");
  EXPECT_EQ(second.revoked.size(), 2u);
  all().put_list("root", {second.number, second.revocations, to_bytes("second"), kNow, kNow + kDay}, "ada@desk");
  EXPECT_TRUE(all().list_standing("root").knows_all) << "and there is no reason to make another one each second";
}

TEST_P(CertificateStories, what_was_renewed_stays_good_until_its_end_and_is_renewed_once) {
  all().add(made("0A", "CN=a", "acme"), "ada@desk");
  all().add(made("0B", "CN=a", "acme"), "ada@desk", "0A");
  EXPECT_EQ(all().find("0A").state(kNow), "replaced");
  EXPECT_EQ(all().find("0A").replaced_by, "0B");
  EXPECT_EQ(all().find("0B").state(kNow), "valid");
  EXPECT_EQ(refusal([&] { all().add(made("0C", "CN=a", "acme"), "ada@desk", "0A"); }),
            "usage: certificate 0A was renewed already, by 0B");
  EXPECT_EQ(refusal([&] {
              all().add(made("0C", "CN=b", "zenith"), "ada@desk", "0B");
            }).find("usage: there is no certificate '0B' of zenith"),
            0u);
  EXPECT_FALSE(all().look_up("root", "0C")) << "nothing is half issued";
  all().revoke("0B", "keyCompromise", kNow, "ada@desk");
  EXPECT_EQ(refusal([&] {
              all().add(made("0C", "CN=a", "acme"), "ada@desk", "0B");
            }).find("usage: certificate 0B is revoked (keyCompromise), and what is revoked is not renewed"),
            0u);
  EXPECT_EQ(refusal([&] { all().revoke("0B", "superseded", kNow, "ada@desk"); }),
            "usage: certificate 0B is revoked already (keyCompromise)");
  EXPECT_EQ(actions(), (std::vector<std::string>{"owner added", "owner added", "authority made", "certificate issued",
                                                 "certificate renewed", "certificate revoked"}));
}

TEST_P(CertificateStories, they_are_found_by_who_what_where_and_how_long) {
  all().add(made("0A", "CN=Alpha,O=Acme"), "ada@desk");
  Certificate domain = made("0B", "CN=card 7", "acme", "domain");
  domain.chip = "CPLC-01+KDD-02";
  domain.domain = "A000000151000000";
  domain.key_id = 0x11;
  domain.key_version = 3;
  domain.not_after = kNow + 5 * kDay;
  all().add(domain, "ada@desk");
  Certificate old = made("0C", "CN=old");
  old.not_after = kNow - 1;
  all().add(old, "ada@desk");
  EXPECT_EQ(serials({.subject = "alpha"}), (std::vector<std::string>{"0A"}));
  EXPECT_EQ(serials({.profile = "domain"}), (std::vector<std::string>{"0B"}));
  EXPECT_EQ(serials({.chip = "CPLC-01"}), (std::vector<std::string>{"0B"}));
  EXPECT_EQ(serials({.domain = "A000000151000000"}), (std::vector<std::string>{"0B"}));
  EXPECT_EQ(serials({.state = "expired"}), (std::vector<std::string>{"0C"}));
  EXPECT_EQ(serials({.ends_by = kNow + 7 * kDay}), (std::vector<std::string>{"0B"}));
  EXPECT_EQ(serials({.serial = "0A"}), (std::vector<std::string>{"0A"}));
  EXPECT_EQ(all().find("0B").key_id, 0x11);
  EXPECT_EQ(all().find("0B").chip, "CPLC-01");
}

TEST_P(CertificateStories, numbers_of_revocation_lists_grow_and_an_earlier_list_never_comes_last) {
  all().add(made("0A", "CN=a"), "ada@desk");
  all().add(made("0B", "CN=b"), "ada@desk");
  all().revoke("0B", "superseded", kNow, "ada@desk");
  const auto first = all().begin_list("root");
  EXPECT_EQ(first.number, 1);
  ASSERT_EQ(first.revoked.size(), 1u);
  EXPECT_EQ(first.revoked[0].serial, "0B");
  const auto there = open("there");
  const auto second = make_certificates(there->database(), there->audit())->begin_list("root");
  EXPECT_EQ(second.number, 2);
  all().put_list("root", {2, 1, to_bytes("second"), kNow, kNow + kDay}, "ada@desk");
  all().put_list("root", {1, 1, to_bytes("first"), kNow, kNow + kDay}, "ada@desk");
  EXPECT_EQ(all().authority("root").list, to_bytes("second"));
  EXPECT_EQ(all().list_standing("root").until, kNow + kDay);
  // One that has ended is in one more list, and then left out (RFC 5280 3.3).
  const auto third = all().begin_list("root");
  all().put_list("root", {third.number, third.revocations, to_bytes("third"), kNow + 31 * kDay, kNow + 32 * kDay},
                 "ada");
  EXPECT_TRUE(all().begin_list("root").revoked.empty());
  EXPECT_EQ(refusal([&] { all().authority("rot"); }).find("usage: there is no authority 'rot' in the store; did you"),
            0u);
  CertificateAuthority again;
  again.name = "root";
  again.serial = "01";
  EXPECT_EQ(refusal([&] { all().add_authority(again, made("01", "CN=other"), "ada@desk"); }),
            "usage: there is an authority 'root' already; give the new one another name with --authority");
  EXPECT_FALSE(all().look_up("root", "01"));
}

INSTANTIATE_TEST_SUITE_P(On, CertificateStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
