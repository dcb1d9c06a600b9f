// What a test does to the card beside commands: full memory, locked authentication, comparing two states.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "host_test.h"

namespace cw::se {
namespace {

class Faults : public ::testing::Test {
 protected:
  Faults() { card.reset(); }
  Card card{flavor("generic")};
  Host host{card};
};

TEST_F(Faults, memory_that_is_full_takes_nothing_new_and_still_authenticates_locks_and_deletes) {
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  card.limit_nvm(card.nvm_used());
  EXPECT_EQ(host.create_domain("F063617264770002"), "6A84");
  EXPECT_EQ(host.enter("", scp03_keys()), "9000") << "its counter is written: " << card.why();
  EXPECT_EQ(host.send("80F04080", kSsd), "9000") << "locked: " << card.why();
  EXPECT_EQ(host.send("80F04000", kSsd), "9000");
  card.limit_nvm(1);
  EXPECT_EQ(host.enter("", scp03_keys()), "9000") << "more in use than there is";
  EXPECT_TRUE(host.remove(kSsd).ends_with("9000"));
  EXPECT_EQ(host.create_domain(kSsd), "6A84");
  card.limit_nvm(0);
  EXPECT_TRUE(host.create_domain(kSsd).ends_with("9000"));
}

TEST_F(Faults, a_load_into_memory_that_is_full_is_refused_and_leaves_nothing) {
  const Bytes package = small_package(kWallet, {kWalletApplet}, {}, 2000);
  card.limit_nvm(card.nvm_used() + 1000);
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  EXPECT_EQ(host.load(kWallet, "", package), "6A84");
  card.limit_nvm(card.nvm_used() + 4000);
  EXPECT_TRUE(host.load(kWallet, "", package).ends_with("9000")) << card.why();
}

TEST(AuthenticationLock, answers_6983_to_every_key_on_every_flavor_until_unlocked) {
  for (const std::string& name : flavor_names()) {
    Card card(flavor(name));
    card.reset();
    Host host(card);
    const std::string initialize = "8050000008010203040506070800";
    EXPECT_TRUE(host.raw(initialize).ends_with("9000")) << name;
    card.lock_authentication();
    EXPECT_EQ(host.raw(initialize), "6983") << name;
    card.lock_authentication(false);
    EXPECT_TRUE(host.raw(initialize).ends_with("9000")) << name;
  }
}

TEST_F(Faults, authentication_locked_between_the_two_commands_of_an_opening) {
  host.raw("8050000008010203040506070800");
  card.lock_authentication();
  EXPECT_EQ(host.raw("8482010010" + std::string(32, '0')), "6983");
}

TEST_F(Faults, the_state_digest_does_not_know_how_often_a_card_was_used) {
  const std::string fresh = card.state_digest_text();
  EXPECT_EQ(fresh, Card(flavor("generic")).state_digest_text());
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  host.enter("", key_set(0x30, crypto::KeyType::aes, kTestKey, kTestKey, kTestKey));
  EXPECT_EQ(card.state_digest_text(), fresh);
  EXPECT_NE(card.save(), Card(flavor("generic")).save());
}

TEST_F(Faults, the_state_digest_does_not_know_in_which_order_things_came) {
  const std::string second = "F063617264770002";
  Card other(flavor("generic"));
  other.reset();
  Host host_of_other(other);
  host.enter("", scp03_keys());
  host_of_other.enter("", scp03_keys());
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  ASSERT_TRUE(host.create_domain(second).ends_with("9000"));
  ASSERT_TRUE(host_of_other.create_domain(second).ends_with("9000"));
  EXPECT_NE(card.state_digest_text(), other.state_digest_text());
  ASSERT_TRUE(host_of_other.create_domain(kSsd).ends_with("9000"));
  EXPECT_EQ(card.state_digest_text(), other.state_digest_text());
}

TEST_F(Faults, the_state_digest_shows_that_a_key_changed_and_not_the_key) {
  const std::string fresh = card.state_digest_text();
  EXPECT_EQ(fresh.find(kTestKey), std::string::npos);
  host.enter("", scp03_keys());
  const std::string changed = "505152535455565758595A5B5C5D5E5F";
  ASSERT_TRUE(host.put_aes_keys(0x30, changed, "30").ends_with("9000"));
  EXPECT_NE(card.state_digest_text(), fresh);
  EXPECT_EQ(card.state_digest_text().find(changed), std::string::npos);
}

// What was saved, changed in one place: a number, a truth value, or the last digit of a text.
bool change(nlohmann::json& value) {
  if (value.is_boolean()) {
    value = !value.get<bool>();
  } else if (value.is_number()) {
    value = value.get<int64_t>() + (value == 255 ? -1 : 1);
  } else if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
    std::string text = value;
    text.back() = text.back() == '0' ? '1' : '0';
    value = text;
  } else {
    return false;
  }
  return true;
}

TEST_F(Faults, the_state_digest_sees_every_change_but_those_of_what_counts) {
  host.enter("", scp03_keys());
  ASSERT_TRUE(host.send("80E29000", "42053132333435").ends_with("9000")) << card.why();
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  ASSERT_TRUE(host.load(kWallet, "", small_package(kWallet, {kWalletApplet}, {}, 50)).ends_with("9000"));
  ASSERT_TRUE(host.install(kWallet, kWalletApplet, kWalletApplet).ends_with("9000")) << card.why();
  ASSERT_TRUE(host.send("80E62000", "0000" + lv(kWalletApplet) + "000000").ends_with("9000")) << card.why();
  ASSERT_TRUE(host.send("80E20000", "010103414243").ends_with("9000")) << card.why();
  ASSERT_TRUE(host.send("80E28001", "82010431323334").ends_with("9000")) << card.why();

  const std::string digest = card.state_digest_text();
  const nlohmann::json flat = nlohmann::json::parse(card.save()).flatten();
  int seen = 0;
  for (const auto& [place, value] : flat.items()) {
    nlohmann::json other = flat;
    if (!change(other[place])) continue;
    std::string changed;
    try {
      changed = Card::load(other.unflatten().dump()).state_digest_text();
    } catch (const Error&) {
      continue;  // no card can have that
    }
    const auto names = [&place = place](const char* what) { return place.find(what) != std::string::npos; };
    const bool counts = names("random_state") || names("failed_loads") || names("counters") || names("attempts") ||
                        names("pin_tries") || names("refresh_tag");
    EXPECT_EQ(changed == digest, counts) << place;
    ++seen;
  }
  EXPECT_GT(seen, 60);
}

TEST_F(Faults, changes_grow_with_what_is_saved_and_with_nothing_else) {
  const uint64_t before = card.changes();
  host.raw("00A4040000");
  host.raw("80CA006600");
  EXPECT_EQ(card.changes(), before);
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  const uint64_t opened = card.changes();
  EXPECT_GT(opened, before) << "the sequence counter";
  EXPECT_EQ(host.create_domain(kSsd, "804000", "C9"), "6A80");
  EXPECT_EQ(card.changes(), opened) << "refused";
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  EXPECT_GT(card.changes(), opened);
}

TEST_F(Faults, a_card_without_power_is_mute_until_it_is_reset) {
  EXPECT_TRUE(card.powered());
  card.power_off();
  EXPECT_FALSE(card.powered());
  EXPECT_EQ(host.raw("00A4040000"), "");
  card.reset();
  EXPECT_TRUE(host.raw("00A4040000").ends_with("9000"));
}

}  // namespace
}  // namespace cw::se
