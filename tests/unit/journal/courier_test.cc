// Results on their way: a run hands them over, a courier brings them to a scripted backend, by a clock that is set.
#include "journal/courier.h"

#include <deque>
#include <map>

#include "journal/parcel.h"
#include "journal/store_journal.h"
#include "stores.h"

namespace cw::journal {
namespace {

using store::OnStore;
using store::Parcel;
using What = Courier::Outcome::What;

constexpr int64_t kNow = 1'000'000'000;
constexpr int64_t kHour = 3'600'000;

class Couriers : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    store_ = open();
    run_ = begin(*store_).run();
  }

  static host::Deliver result(const std::string& name = "result") {
    host::Deliver out;
    out.name = name;
    out.call = {
        "POST", "https://tsm.example/results?card=4711", {{"X-Key", "very \xFF private"}}, std::string("a \0 body", 8)};
    return out;
  }
  /// As a run's journal puts it.
  std::string put(const host::Deliver& parcel) {
    const Parcel sealed = sealed_parcel(open_run_key(*store_, run_), run_, parcel, kNow);
    store_->outbox().put(sealed);
    return sealed.key;
  }

  Courier courier() {
    Courier::Setup setup;
    setup.store = store_;
    setup.http = [this](const host::HttpCall& call) {
      calls_.push_back(call);
      host::Reply reply = std::move(replies_.front());
      replies_.pop_front();
      if (const auto* error = std::get_if<Error>(&reply)) throw *error;
      return std::get<host::HttpReply>(reply);
    };
    setup.inputs = {[this] { return now_; }, [](size_t count) { return Bytes(count); }};
    setup.actor = "ada@desk";
    return Courier(std::move(setup));
  }
  std::optional<Courier::Outcome> after(host::Reply reply) {
    replies_.push_back(std::move(reply));
    auto outcome = courier().deliver_one();
    replies_.clear();
    return outcome;
  }
  std::optional<Courier::Outcome> after_status(int status,
                                               std::vector<std::pair<std::string, std::string>> headers = {}) {
    return after(host::HttpReply{status, std::move(headers), "what only the backend knows"});
  }
  static std::string key_in(const host::HttpCall& call) {
    std::string key;
    for (const auto& [name, value] : call.headers) {
      if (name == "Idempotency-Key") key += value;
    }
    return key;
  }

  std::shared_ptr<store::Store> store_;
  std::string run_;
  int64_t now_ = kNow;
  std::deque<host::Reply> replies_;
  std::vector<host::HttpCall> calls_;
};

TEST_P(Couriers, AResultArrivesAsItWasHandedOverWithItsKey) {
  const std::string key = put(result());
  EXPECT_EQ(key.size(), 32U);
  const auto outcome = after_status(204);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->what, What::delivered);
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_[0].method, "POST");
  EXPECT_EQ(calls_[0].url, "https://tsm.example/results?card=4711");
  EXPECT_EQ(calls_[0].body, result().call.body);
  EXPECT_EQ(calls_[0].headers.at(0), result().call.headers.at(0));
  EXPECT_EQ(key_in(calls_[0]), key);
  EXPECT_FALSE(courier().deliver_one());
}

TEST_P(Couriers, WhatTheServiceItselfHandsOverIsOfNoRunAndArrives) {
  store_->outbox().put(sealed_parcel(store_->key(), {}, result("domain told"), kNow));
  put(result());
  EXPECT_EQ(store_->outbox().left().waiting, 2);
  EXPECT_EQ(store_->outbox().left(run_).waiting, 1);
  ASSERT_TRUE(after_status(204));
  ASSERT_TRUE(after_status(204));
  EXPECT_EQ(calls_.at(0).body, calls_.at(1).body);
  EXPECT_EQ(store_->outbox().left().waiting, 0);
}

TEST_P(Couriers, TheKeyFollowsFromRunAndNameAndSaysNothingOfThem) {
  const crypto::SealingKey key = open_run_key(*store_, run_);
  EXPECT_EQ(idempotency_key(key, run_, "result"), idempotency_key(open_run_key(*store_, run_), run_, "result"));
  EXPECT_NE(idempotency_key(key, run_, "result"), idempotency_key(key, run_, "results"));
  EXPECT_NE(idempotency_key(key, run_, "result"), idempotency_key(key, run_ + " ", "result"));
  EXPECT_NE(idempotency_key(key, run_, "result"), idempotency_key(crypto::SealingKey::random(), run_, "result"));
}

TEST_P(Couriers, AResultThatWasHandedOverTwiceIsOneAndTheFirst) {
  put(result());
  host::Deliver other = result();
  other.call.body = "another";
  put(other);
  after_status(200);
  EXPECT_EQ(calls_.at(0).body, result().call.body);
  put(other);
  EXPECT_FALSE(courier().deliver_one());
}

TEST_P(Couriers, TheStoreShowsNeitherBodyNorHeadersNorQuery) {
  put(result());
  const Parcel kept = store_->outbox().list(true).at(0);
  EXPECT_EQ(kept.url, "https://tsm.example/results");
  const std::string call = to_string(ByteView(kept.call));
  for (const char* word : {"body", "private", "4711", "tsm"}) EXPECT_EQ(call.find(word), std::string::npos) << word;
}

TEST_P(Couriers, WhatTheBackendCannotTakeNowIsTriedAgainUnderTheSameKey) {
  const std::string key = put(result());
  for (const int status : {500, 503, 408, 425, 429, 302, 599}) {
    const auto outcome = after_status(status);
    ASSERT_TRUE(outcome) << status;
    EXPECT_EQ(outcome->what, What::again) << status;
    EXPECT_EQ(outcome->parcel.error, "status " + std::to_string(status));
    EXPECT_FALSE(courier().deliver_one()) << "not before it is due";
    EXPECT_EQ(store_->outbox().left().next, outcome->parcel.due);
    now_ = outcome->parcel.due;
  }
  const auto lost = after(Error(ErrorKind::http, "the connection broke"));
  EXPECT_EQ(lost->what, What::again);
  EXPECT_EQ(lost->parcel.error, "the connection broke");
  now_ = lost->parcel.due;
  EXPECT_EQ(after_status(200)->what, What::delivered);
  for (const host::HttpCall& call : calls_) EXPECT_EQ(key_in(call), key);
  now_ += 100 * kHour;
  EXPECT_FALSE(courier().deliver_one()) << "never after it was taken";
}

TEST_P(Couriers, WhatTheBackendRefusesIsGivenUpKeptAndWrittenDown) {
  const std::string key = put(result());
  const auto outcome = after_status(422);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->what, What::given_up);
  now_ += 100 * kHour;
  EXPECT_FALSE(courier().deliver_one());
  const Parcel kept = store_->outbox().list(false).at(0);
  EXPECT_TRUE(kept.given_up);
  EXPECT_EQ(kept.error, "status 422");
  const store::AuditRecord record = store_->audit().list(1, 100).back();
  EXPECT_EQ(record.entry.actor, "ada@desk");
  EXPECT_EQ(record.entry.action, "parcel given up");
  EXPECT_EQ(record.entry.subject, key);
  EXPECT_EQ(record.entry.details.at(0).second, run_);

  store_->outbox().retry(key);
  now_ = int64_t{1} << 60;
  EXPECT_EQ(after_status(200)->what, What::delivered) << "a person wanted it tried again";
}

TEST_P(Couriers, WhatIsNoRequestIsGivenUp) {
  put(result());
  EXPECT_EQ(after(Error(ErrorKind::usage, "unknown HTTP method"))->what, What::given_up);
}

TEST_P(Couriers, ACourierThatDiedLeavesTheParcelToTheNext) {
  const std::string key = put(result());
  // Taken, sent, and never heard of again.
  store_->outbox().take(now_, 30'000);
  EXPECT_FALSE(courier().deliver_one());
  now_ += 30'000;
  EXPECT_EQ(after_status(200)->what, What::delivered);
  EXPECT_EQ(key_in(calls_.at(0)), key);
}

TEST_P(Couriers, AParcelWhoseRunWasForgottenIsGivenUpAndWhatWasChangedIsNotSent) {
  put(result());
  Parcel stray = sealed_parcel(crypto::SealingKey::random(), "gone", result("a"), kNow);
  Parcel changed = sealed_parcel(open_run_key(*store_, run_), run_, result("b"), kNow);
  changed.call.back() ^= 1;
  Parcel moved = sealed_parcel(open_run_key(*store_, run_), run_, result("c"), kNow);
  moved.key = idempotency_key(open_run_key(*store_, run_), run_, "d");
  for (const Parcel& parcel : {stray, changed, moved}) store_->outbox().put(parcel);
  std::map<What, int> outcomes;
  for (int i = 0; i < 4; ++i) ++outcomes[after_status(200)->what];
  EXPECT_EQ(outcomes[What::delivered], 1);
  EXPECT_EQ(outcomes[What::given_up], 1);
  EXPECT_EQ(outcomes[What::again], 2);
  EXPECT_EQ(calls_.size(), 1U);
}

TEST_P(Couriers, TheBackendSaysHowLongToWait) {
  put(result());
  EXPECT_EQ(after_status(429, {{"retry-AFTER", "7"}})->parcel.due, now_ + 7'000);
}

TEST(Pauses, GrowFromASecondToAnHourAndPartOfThemIsByChance) {
  const auto pause = [](int64_t tries, uint32_t chance) { return pause_after(tries, chance, {}, kNow).count(); };
  EXPECT_EQ(pause(1, 0), 1'000);
  EXPECT_EQ(pause(2, 0), 2'000);
  EXPECT_EQ(pause(3, 0), 4'000);
  EXPECT_EQ(pause(1, 999), 1'999);
  EXPECT_EQ(pause(1, 1'000), 1'000);
  EXPECT_EQ(pause(11, 0), 1'024'000);
  for (const int64_t tries : {12, 13, 64, 1'000'000}) EXPECT_EQ(pause(tries, 0), kHour / 2) << tries;
  for (const uint32_t chance : {0U, 1U, 77'777U, 2'147'483'647U, 4'294'967'295U}) {
    for (int64_t tries = 0; tries < 70; ++tries) {
      EXPECT_GE(pause(tries, chance), 1'000);
      EXPECT_LT(pause(tries, chance), kHour);
    }
  }
}

TEST(Pauses, AreWhatTheBackendAsksForUpToAnHour) {
  const int64_t now = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
  const auto pause = [&](const std::string& asked) { return pause_after(5, 0, asked, now).count(); };
  EXPECT_EQ(pause("120"), 120'000);
  EXPECT_EQ(pause("0"), 1'000);
  EXPECT_EQ(pause("-5"), 1'000);
  EXPECT_EQ(pause("86400"), kHour);
  EXPECT_EQ(pause("99999999999999999999"), kHour);
  EXPECT_EQ(pause("Thu, 01 Jan 2026 00:05:00 GMT"), 300'000);
  EXPECT_EQ(pause("Wed, 31 Dec 2025 23:00:00 GMT"), 1'000);
  EXPECT_EQ(pause("Fri, 02 Jan 2026 00:00:00 GMT"), kHour);
  // What is neither counts as nothing.
  for (const char* other : {"", "soon", "5s", "Thu, 01 Jan 2026 00:05:00 GMT and more"}) {
    EXPECT_EQ(pause(other), 16'000) << other;
  }
}

INSTANTIATE_TEST_SUITE_P(On, Couriers, store::both_engines(), store::engine_name);

}  // namespace
}  // namespace cw::journal
