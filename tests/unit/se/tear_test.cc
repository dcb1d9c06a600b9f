// Power lost before, inside and after each kind of command. The next session finds the state before or after it, and
// never something between.
#include "base/error.h"
#include "host_test.h"
#include "se/sim_reader.h"

namespace cw::se {
namespace {

/// What the ISD shows of the whole registry and its keys.
std::string snapshot(Card& card) {
  Host host(card);
  EXPECT_EQ(host.select(""), "9000");
  EXPECT_EQ(host.open(scp03_keys(), 0x01), "9000");
  std::string all;
  for (const char* p1 : {"80", "40", "10"}) {
    std::string page = host.send(std::string("80F2") + p1 + "02", "4F00");
    all += page;
    while (page.ends_with("6310")) all += page = host.send(std::string("80F2") + p1 + "03", "4F00");
  }
  all += host.send("80CA00E0") + host.send("80CA0042");
  return all;
}

struct Torn {
  const char* what;
  void (*prepare)(Host&);
  std::string (*act)(Host&);
  bool completes;  // a torn one is carried through (GPCS 9.5)
};

void with_wallet(Host& host) {
  ASSERT_EQ(host.load(kWallet, "", small_package(kWallet, {kWalletApplet})), "009000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000");
}
void with_load_begun(Host& host) {
  const Bytes code = small_package(kWallet, {kWalletApplet}, {}, 100);
  ASSERT_EQ(host.send("80E60200", lv(kWallet) + "00000000"), "009000");
  ASSERT_EQ(host.send("80E80000", "C481" + lv(to_hex(code)).substr(0, 60)), "009000");
}
std::string last_block(Host& host) {
  const Bytes code = small_package(kWallet, {kWalletApplet}, {}, 100);
  return host.send("80E88001", lv(to_hex(code)).substr(60));
}
void nothing(Host&) {}

class Tears : public testing::TestWithParam<Torn> {};

TEST_P(Tears, leave_the_old_state_or_the_new_one) {
  const Torn& torn = GetParam();
  for (const Tear when : {Tear::before, Tear::inside, Tear::after}) {
    SCOPED_TRACE(static_cast<int>(when));
    Card card(flavor("generic"));
    card.reset();
    Host host(card);
    ASSERT_EQ(host.open(scp03_keys(), 0x00), "9000");
    torn.prepare(host);

    // The same card, not torn, shows what the new state is.
    Card whole = Card::load(card.save());
    whole.reset();
    const std::string old_state = snapshot(whole);

    card.tear_next(when);
    EXPECT_THROW(torn.act(host), Error) << "no answer";
    EXPECT_TRUE(card.process(from_hex("00A4040000")).empty()) << "no power";
    card.reset();
    const std::string found = snapshot(card);
    const bool acted = when == Tear::after || (when == Tear::inside && torn.completes);
    if (acted) {
      EXPECT_NE(found, old_state);
    } else {
      EXPECT_EQ(found, old_state);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Commands, Tears,
    testing::Values(Torn{"create a domain", nothing, [](Host& h) { return h.create_domain(kSsd); }, false},
                    Torn{"install",
                         [](Host& h) {
                           ASSERT_EQ(h.load(kWallet, "", small_package(kWallet, {kWalletApplet})), "009000");
                         },
                         [](Host& h) { return h.install(kWallet, kWalletApplet, kWalletApplet); }, false},
                    Torn{"last LOAD", with_load_begun, last_block, false},
                    Torn{"DELETE", with_wallet, [](Host& h) { return h.remove(kWalletApplet); }, true},
                    Torn{"DELETE with related", with_wallet, [](Host& h) { return h.remove(kWallet, "80"); }, true},
                    Torn{"DELETE of keys", nothing, [](Host& h) { return h.send("80E40000", "D20120"); }, false},
                    Torn{"PUT KEY", nothing, [](Host& h) { return h.put_aes_keys(0x31, kTestKey); }, false},
                    Torn{"STORE DATA", nothing, [](Host& h) { return h.send("80E29000", "4205AABBCCDDEE"); }, false},
                    Torn{"SET STATUS", with_wallet, [](Host& h) { return h.send("80F04080", kWalletApplet); }, false},
                    Torn{"SET STATUS of the card", nothing, [](Host& h) { return h.send("80F08007"); }, false}),
    [](const auto& torn) {
      std::string name = torn.param.what;
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

TEST(TornLoad, cannot_go_on_and_its_memory_is_free_again) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  const size_t before = card.nvm_used();
  ASSERT_EQ(host.open(scp03_keys(), 0x00), "9000");
  with_load_begun(host);
  EXPECT_GT(card.nvm_used(), before);
  card.reset();
  EXPECT_EQ(card.nvm_used(), before);
  ASSERT_EQ(host.open(scp03_keys(), 0x00), "9000");
  EXPECT_EQ(last_block(host), "6985");
  EXPECT_EQ(host.load(kWallet, "", small_package(kWallet, {kWalletApplet})), "009000");
}

TEST(TornLoad, selecting_something_else_ends_it_too) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x00), "9000");
  with_load_begun(host);
  ASSERT_EQ(host.enter("", scp03_keys(), 0x00), "9000");
  EXPECT_EQ(last_block(host), "6985");
}

TEST(Reader, a_torn_card_is_an_error_of_the_reader) {
  auto card = std::make_shared<Card>(flavor("generic"));
  SimReader reader(card);
  EXPECT_EQ(reader.name(), "sim:generic");
  EXPECT_EQ(to_hex(reader.reset()).substr(0, 2), "3B");
  card->tear_next(Tear::before, 1);
  EXPECT_TRUE(to_hex(reader.transmit(from_hex("00A4040000"))).ends_with("9000"));
  try {
    reader.transmit(from_hex("00A4040000"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::reader);
    EXPECT_NE(error.message().find("sim:generic"), std::string::npos);
  }
  reader.reset();
  EXPECT_TRUE(to_hex(reader.transmit(from_hex("00A4040000"))).ends_with("9000"));
}

}  // namespace
}  // namespace cw::se
