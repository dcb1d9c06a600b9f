// What issuers tell of domains whose owner is managed no more: states are taken, keys are not.
#include "service/issuer_desk.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"

namespace cw::service {
namespace {

constexpr const char* kAid = "F063617264770001";
constexpr int64_t kNow = 1'800'000'000'000;

class IssuerDeskOfProviders : public ::testing::Test {
 protected:
  IssuerDeskOfProviders() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cw-issuers-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    store::StoreOptions options;
    options.where = (folder_ / "store.db").string();
    store_ = store::Store::open(options);
    const Secret secret = Secret::copy(view(std::string(64, '7') + "\n"));  // a key, which takes no time
    crypto::Vault::make(folder_ / "keys", secret);
    desk_ = std::make_unique<IssuerDesk>(store_, crypto::Vault::open(folder_ / "keys", secret), [] { return kNow; });
    store_->owners().add("acme", "ada@desk");
    store::Domain domain;
    domain.card = "CPLC-1";
    domain.aid = kAid;
    domain.owner = "acme";
    domain.issuer = "https://issuer.test/";
    domain.state = store::DomainState::present;
    store_->domains().put(domain, "ada@desk");
    sender_.id = "issuer";
    sender_.owner = "acme";
    sender_.url = domain.issuer;
  }
  ~IssuerDeskOfProviders() override { std::filesystem::remove_all(folder_); }

  std::string answer_to_keys() {
    KeySync message;
    message.head.sender = "issuer";
    message.head.aid = kAid;
    message.algorithm = "NONE";
    const SyncAnswer answer = desk_->keys(sender_, message);
    EXPECT_FALSE(answer.normal);
    return answer.message;
  }

  std::filesystem::path folder_{};
  std::shared_ptr<store::Store> store_{};
  std::unique_ptr<IssuerDesk> desk_{};
  SenderConfig sender_{};
};

TEST_F(IssuerDeskOfProviders, keys_are_not_taken_and_the_issuer_is_not_told_why) {
  EXPECT_NE(answer_to_keys().find("Alg NONE"), std::string::npos) << "as long as it is managed, they are looked at";
  store_->providers().suspend("acme", "unpaid", "bob@desk");
  EXPECT_EQ(answer_to_keys(), "nothing of acme is managed now, so no keys are taken for its domains; ask again later");
  store_->providers().resume("acme", "", "bob@desk");
  store_->providers().approve("acme", {kNow - 1, kNow, false}, "", "bob@desk");
  EXPECT_NE(answer_to_keys().find("nothing of acme is managed now"), std::string::npos) << "nor after its period";
}

TEST_F(IssuerDeskOfProviders, states_are_the_truth_about_a_card_and_are_taken) {
  store_->providers().suspend("acme", "unpaid", "bob@desk");
  StateSync message;
  message.head.sender = "issuer";
  message.head.aid = kAid;
  message.status = "DELETED";
  EXPECT_TRUE(desk_->state(sender_, message).normal);
  EXPECT_EQ(store_->domains().list({}).front().state, store::DomainState::deleted);
}

}  // namespace
}  // namespace cw::service
