// What becomes of what issuers tell: all of a message or nothing, once, and only about what is theirs.
#include "service/issuer_desk.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/key_wrap.h"

namespace cw::service {
namespace {

using store::Domain;
using store::DomainState;

constexpr const char* kAid = "F063617264770001";
constexpr const char* kUrl = "https://issuer.test/";
constexpr int64_t kNow = 1'800'000'000'000;

std::shared_ptr<const crypto::Key> aes(uint8_t fill) {
  return crypto::make_key(crypto::KeyType::aes, Secret::take(Bytes(16, fill)));
}

class IssuerDesks : public ::testing::Test {
 protected:
  IssuerDesks() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cw-issuers-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    store::StoreOptions options;
    options.where = (folder_ / "store.db").string();
    store_ = store::Store::open(options);
    const Secret secret = Secret::copy(view(std::string(64, '7') + "\n"));  // a key, which takes no time
    crypto::Vault::make(folder_ / "keys", secret);
    custody_ = crypto::Vault::open(folder_ / "keys", secret);
    crypto::NewKey kek;
    kek.record.name = "kek";
    kek.record.purpose = crypto::KeyPurpose::kek;
    kek.keys = {aes(0xB0)};
    custody_->put(std::move(kek));
    desk_ = std::make_unique<IssuerDesk>(store_, custody_, [this] { return now_; });
    store_->owners().add("acme", "ada@desk");
    sender_.id = "issuer";
    sender_.owner = "acme";
    sender_.url = kUrl;
    sender_.kek = "kek";
    sender_.notify = "https://backend.test/";
    maker_.id = "maker";
    maker_.maker = true;
    put(DomainState::present);
  }
  ~IssuerDesks() override { std::filesystem::remove_all(folder_); }

  Domain put(DomainState state, const std::string& card = "CPLC-1", const std::string& owner = "acme",
             const std::string& se_id = "") {
    Domain domain;
    domain.card = card;
    domain.aid = kAid;
    domain.owner = owner;
    domain.issuer = kUrl;
    domain.se_id = se_id;
    domain.state = state;
    return store_->domains().put(domain, "ada@desk");
  }
  Domain kept(const std::string& card = "CPLC-1") {
    store::DomainFilter filter;
    filter.card = card;
    return store_->domains().list(filter).at(0);
  }

  KeySync keys_of(uint8_t fill, const std::string& nonce = "") const {
    KeySync out;
    out.head.sender = "issuer";
    out.head.aid = kAid;
    out.algorithm = "AES";
    for (uint8_t i = 0; i < 3; ++i) {
      const auto key = aes(static_cast<uint8_t>(fill + i));
      out.wrapped.push_back(crypto::wrap_key(*aes(0xB0), crypto::WrapForm::aes_key_wrap, *key));
      out.check_values.push_back(key->kcv());
    }
    sign(out.seal, nonce);
    return out;
  }
  StateSync state_of(const std::string& status, const std::string& nonce = "") const {
    StateSync out;
    out.head.sender = "issuer";
    out.head.aid = kAid;
    out.status = status;
    sign(out.seal, nonce);
    return out;
  }
  void sign(MessageSeal& seal, const std::string& nonce) const {
    if (nonce.empty()) return;
    seal.nonce = nonce;
    seal.timestamp = std::to_string(now_ / 1000);
  }
  std::string said(const SyncAnswer& answer) { return answer.normal ? "taken" : answer.message; }
  std::string take(const KeySync& message) { return said(desk_->keys(sender_, message)); }
  std::string take(const StateSync& message) { return said(desk_->state(sender_, message)); }
  crypto::KeyRecord key() const { return custody_->record("acme/" + domain_key_name("CPLC-1", kAid)); }
  /// Whatever the store is to write next into this table fails.
  void break_table(const std::string& table, const std::string& doing) {
    store_->database().run({"CREATE TRIGGER broken BEFORE " + doing + " ON " + table +
                                " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
                            {}});
  }
  void mend() { store_->database().run({"DROP TRIGGER broken", {}}); }

  std::filesystem::path folder_{};
  std::shared_ptr<store::Store> store_{};
  std::shared_ptr<crypto::Vault> custody_{};
  std::unique_ptr<IssuerDesk> desk_{};
  SenderConfig sender_{}, maker_{};
  int64_t now_ = kNow;
};

TEST_F(IssuerDesks, keys_are_the_owners_in_custody_and_the_record_names_them_as_its_flows_do) {
  EXPECT_EQ(take(keys_of(0x10)), "taken");
  EXPECT_EQ(kept().keys, domain_key_name("CPLC-1", kAid));
  EXPECT_EQ(key().owner(), "acme");
  EXPECT_EQ(key().origin, "from SEI-TSM issuer");
  EXPECT_EQ(take(keys_of(0x10)), "taken") << "told twice";
  EXPECT_EQ(key().generation, 1U);
  EXPECT_NE(take(keys_of(0x40)).find("has keys already, and these are others"), std::string::npos);
  EXPECT_EQ(key().generation, 1U);
}

TEST_F(IssuerDesks, the_same_keys_are_known_under_any_generation_and_version) {
  KeySync message = keys_of(0x10);
  message.version = 0x31;
  EXPECT_EQ(take(message), "taken");
  crypto::NewKey next;
  next.record.name = key().name;
  for (uint8_t i = 0; i < 3; ++i) next.keys.push_back(aes(static_cast<uint8_t>(0x60 + i)));
  custody_->update(std::move(next));
  EXPECT_EQ(take(message), "taken");
  message.version.reset();
  EXPECT_EQ(take(message), "taken");
}

TEST_F(IssuerDesks, a_domain_that_is_made_anew_gets_its_keys_and_revoked_ones_never) {
  EXPECT_EQ(take(keys_of(0x10)), "taken");
  EXPECT_EQ(take(state_of("DELETED")), "taken");
  EXPECT_NE(take(keys_of(0x10)).find("is deleted, so it has no keys"), std::string::npos);
  put(DomainState::asked);
  EXPECT_EQ(kept().keys, "");
  EXPECT_EQ(take(keys_of(0x10)), "taken") << "derived again, they are the same";
  EXPECT_EQ(key().generation, 1U);
  put(DomainState::deleted);
  put(DomainState::asked);
  EXPECT_EQ(take(keys_of(0x50)), "taken") << "or others";
  EXPECT_EQ(key().generation, 2U);
  custody_->revoke(key().name);
  put(DomainState::deleted);
  put(DomainState::asked);
  EXPECT_NE(take(keys_of(0x50)).find("is here already, and is revoked"), std::string::npos);
  EXPECT_EQ(kept().keys, "");
}

TEST_F(IssuerDesks, keys_of_one_issuer_are_never_replaced_by_anothers) {
  EXPECT_EQ(take(keys_of(0x10)), "taken");
  put(DomainState::deleted);
  Domain anew = put(DomainState::asked);
  EXPECT_EQ(anew.keys, "");
  sender_.id = "other";
  EXPECT_NE(take(keys_of(0x40)).find("is here already, from SEI-TSM issuer"), std::string::npos);
  EXPECT_EQ(key().generation, 1U);
}

TEST_F(IssuerDesks, a_message_that_was_not_taken_can_come_again_as_it_is) {
  const KeySync keys = keys_of(0x10, "n1");
  break_table("audit", "INSERT");
  EXPECT_THROW(desk_->keys(sender_, keys), Error);
  mend();
  EXPECT_EQ(kept().keys, "");
  EXPECT_EQ(take(keys), "taken");
  EXPECT_EQ(store_->audit().list(1, 0).back().entry.action, "keys received");
  EXPECT_NE(take(keys).find("nonce was here before"), std::string::npos);

  const StateSync gone = state_of("RESETED", "n2");
  break_table("outbox", "INSERT");
  EXPECT_THROW(desk_->state(sender_, gone), Error);
  mend();
  EXPECT_EQ(kept().state, DomainState::present);
  EXPECT_EQ(take(gone), "taken");
  EXPECT_EQ(kept().state, DomainState::reset);
  EXPECT_EQ(store_->outbox().list(true).size(), 1U) << "whoever wants to know is told";
}

TEST_F(IssuerDesks, what_fails_here_is_not_told_to_the_sender) {
  sender_.kek = "gone";
  EXPECT_THROW(desk_->keys(sender_, keys_of(0x10)), Error) << "the answer would name other keys";
  sender_.kek.clear();
  EXPECT_EQ(take(keys_of(0x10)), "issuer brings no keys here");
  sender_.message_key = "gone";
  StateSync signed_one = state_of("DELETED", "n1");
  signed_one.seal.signature = Bytes(16);
  EXPECT_THROW(desk_->state(sender_, signed_one), Error);
  IssuerDesk without(store_, nullptr, [this] { return now_; });
  sender_.kek = "kek";
  sender_.message_key.clear();
  EXPECT_THROW(without.keys(sender_, keys_of(0x10)), Error);
}

TEST_F(IssuerDesks, gone_stays_gone_until_a_run_makes_it) {
  EXPECT_EQ(take(state_of("LOCKED")), "taken");
  EXPECT_EQ(kept().state, DomainState::locked);
  EXPECT_EQ(take(state_of("UNLOCKED")), "taken");
  EXPECT_EQ(take(state_of("DELETED")), "taken");
  const size_t parcels = store_->outbox().list(true).size();
  EXPECT_EQ(take(state_of("DELETED")), "taken");
  EXPECT_EQ(take(state_of("RESETED")), "taken") << "it is gone";
  EXPECT_EQ(kept().state, DomainState::deleted);
  EXPECT_EQ(store_->outbox().list(true).size(), parcels);
  for (const char* status : {"CREATED", "UNLOCKED", "LOCKED", "PERSONALIZED", "SELECTABLE"}) {
    EXPECT_NE(take(state_of(status)).find("it is there again when a run has made it"), std::string::npos) << status;
  }
  EXPECT_NE(take(state_of("ODD")).find("status ODD is not known"), std::string::npos);
}

TEST_F(IssuerDesks, a_message_from_before_a_domain_was_made_is_about_the_one_before_it) {
  now_ = kept().since;
  StateSync late = state_of("DELETED", "n1");
  late.seal.timestamp = std::to_string(now_ / 1000 - 60);
  EXPECT_NE(take(late).find("is about the one before it"), std::string::npos);
  EXPECT_EQ(kept().state, DomainState::present);
  late.seal.timestamp = std::to_string(now_ / 1000 - 600);
  EXPECT_NE(take(late).find("more than five minutes"), std::string::npos);
  late.seal.timestamp.clear();
  EXPECT_NE(take(late).find("a nonce counts for a time"), std::string::npos);
}

TEST_F(IssuerDesks, one_domain_of_several_chips_is_named_by_its_chip) {
  put(DomainState::present, "CPLC-2", "acme", "9F7F2A");
  EXPECT_NE(take(state_of("DELETED")).find("is on several chips; add seId"), std::string::npos);
  StateSync one = state_of("DELETED");
  one.head.se_id = "9F7F2A";
  EXPECT_EQ(take(one), "taken");
  EXPECT_EQ(kept("CPLC-2").state, DomainState::deleted);
  EXPECT_EQ(kept("CPLC-1").state, DomainState::present);
  EXPECT_EQ(take(state_of("DELETED")), "taken") << "one is left that it can be";
  EXPECT_EQ(kept("CPLC-1").state, DomainState::deleted);
}

TEST_F(IssuerDesks, a_maker_tells_of_every_owners_chip_and_a_lie_of_one_hides_no_other) {
  store_->owners().add("zenith", "ada@desk");
  put(DomainState::present, "CPLC-2", "acme", "9F7F2A");
  put(DomainState::present, "CPLC-3", "zenith", "9F7F2A");
  StateSync reset = state_of("RESETED");
  reset.head.se_id = "9F7F2A";
  EXPECT_EQ(said(desk_->state(maker_, reset)), "taken");
  EXPECT_EQ(kept("CPLC-2").state, DomainState::reset);
  EXPECT_EQ(kept("CPLC-3").state, DomainState::reset);
  EXPECT_EQ(said(desk_->keys(maker_, keys_of(0x10))), "maker brings no keys here");
}

TEST_F(IssuerDesks, an_issuer_tells_of_nothing_that_is_anothers) {
  sender_.url = "https://other.test/";
  EXPECT_NE(take(keys_of(0x10)).find("there is no domain"), std::string::npos);
  EXPECT_NE(take(state_of("DELETED")).find("there is no domain"), std::string::npos);
  sender_.url = kUrl;
  sender_.owner.clear();
  EXPECT_NE(take(state_of("DELETED")).find("there is no domain"), std::string::npos);
}

TEST_F(IssuerDesks, keys_for_an_owner_that_is_not_managed_are_not_taken_and_the_issuer_is_not_told_why) {
  store_->providers().suspend("acme", "unpaid", "bob@desk");
  const std::string said = "nothing of acme is managed now, so no keys are taken for its domains; ask again later";
  EXPECT_EQ(take(keys_of(0x10)), said);
  store_->providers().resume("acme", "", "bob@desk");
  store_->providers().approve("acme", {0, kNow, false}, "", "bob@desk");
  EXPECT_EQ(take(keys_of(0x10)), said) << "nor after its period";
  EXPECT_EQ(kept().keys, "");
  EXPECT_EQ(take(state_of("DELETED")), "taken") << "states are the truth about a card";
}

}  // namespace
}  // namespace cw::service
