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
  all().put_list("root", 2, to_bytes("second"), kNow, kNow + kDay, "ada@desk");
  all().put_list("root", 1, to_bytes("first"), kNow, kNow + kDay, "ada@desk");
  const CertificateAuthority authority = all().authority("root");
  EXPECT_EQ(authority.list, to_bytes("second"));
  EXPECT_EQ(authority.list_until, kNow + kDay);
  // One that has ended is in one more list, and then left out (RFC 5280 3.3).
  all().put_list("root", all().begin_list("root").number, to_bytes("third"), kNow + 31 * kDay, kNow + 32 * kDay, "ada");
  EXPECT_TRUE(all().begin_list("root").revoked.empty());
  EXPECT_EQ(refusal([&] { all().authority("rot"); }).find("usage: there is no authority 'rot' in the store; did you"),
            0u);
  CertificateAuthority again;
  again.name = "root";
  again.serial = "01";
  EXPECT_EQ(refusal([&] {
              all().add_authority(again, made("01", "CN=other"), "ada@desk");
            }).find("usage: there is an authority 'root' already"),
            0u);
  EXPECT_FALSE(all().look_up("root", "01"));
}

INSTANTIATE_TEST_SUITE_P(On, CertificateStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
