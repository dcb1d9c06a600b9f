// The card as a thing: flavors, saving and loading, repeatability, access rules, and bad input.
#include "base/error.h"
#include "host_test.h"

namespace cw::se {
namespace {

TEST(Flavors, each_is_a_card_that_starts_and_opens_with_its_factory_keys) {
  const std::vector<std::string> names = flavor_names();
  EXPECT_EQ(names.front(), "generic");
  EXPECT_EQ(names.size(), 6u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const Flavor& f = flavor(name);
    EXPECT_FALSE(f.summary.empty());
    EXPECT_FALSE(f.citations.empty());
    EXPECT_FALSE(f.own_choices.empty());
    Card card(f);
    EXPECT_EQ(card.reset(), f.atr);
    Host host(card);
    const bool aes = f.keys[0].type == 0x88;
    gp::ChannelOptions options;
    options.encrypt_empty_data = f.encrypt_empty_data;
    if (!aes) options.i = f.scp02_i;
    ASSERT_EQ(host.select(to_hex(f.isd_aid)), "9000");
    EXPECT_EQ(host.open(test_keys(0, aes ? crypto::KeyType::aes : crypto::KeyType::des), 0x03, options), "9000")
        << card.why();
    EXPECT_EQ(host.send("80F28000", "4F00").substr(0, 2), "08") << card.why();
  }
}

TEST(Cards, each_can_have_a_serial_number_of_its_own_and_keeps_it) {
  Card card(flavor("generic"));
  card.set_serial_number(0x12345678);
  Card again = Card::load(card.save());
  for (Card* one : {&card, &again}) {
    one->reset();
    const std::string cplc = Host(*one).send("80CA9F7F", "");
    EXPECT_EQ(cplc.substr(6 + 24, 8), "12345678") << cplc;
  }
  Card without(flavor("yubikey"));
  without.set_serial_number(1);
  without.reset();
  EXPECT_EQ(Host(without).send("80CA9F7F", ""), "6A88");
}

TEST(Flavors, an_unknown_one_names_those_near) {
  try {
    flavor("jcop");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(error.message().find("did you mean \"jcop4\""), std::string::npos);
    EXPECT_NE(error.message().find("smartcafe"), std::string::npos);
  }
}

TEST(Flavors, options_that_no_card_has_are_refused) {
  Flavor f = flavor("generic");
  f.scp03_i = uint8_t{0x40};
  EXPECT_THROW(Card{f}, Error);
  f = flavor("generic");
  f.keys[0].enc.pop_back();
  EXPECT_THROW(Card{f}, Error);
}

TEST(Flavors, quirks_that_were_seen) {
  const auto opened = [](Card& card, Host& host) {
    card.reset();
    const Flavor& f = card.flavor();
    const bool aes = f.keys[0].type == 0x88;
    gp::ChannelOptions options;
    options.encrypt_empty_data = f.encrypt_empty_data;
    if (!aes) options.i = f.scp02_i;
    host.select(to_hex(f.isd_aid));
    ASSERT_EQ(host.open(test_keys(0, aes ? crypto::KeyType::aes : crypto::KeyType::des), 0x03, options), "9000");
  };
  Card jcop(flavor("jcop4"));
  Host on_jcop(jcop);
  opened(jcop, on_jcop);
  EXPECT_EQ(on_jcop.create_domain(kSsd, "800000"), "6A80") << "three bytes where one will do";
  EXPECT_EQ(on_jcop.create_domain(kSsd, "80"), "009000");
  EXPECT_EQ(on_jcop.create_domain("F063617264770002", "804000"), "009000");
  EXPECT_EQ(on_jcop.remove(kSsd, "80"), "6A86");

  Card smartcafe(flavor("smartcafe"));
  Host on_smartcafe(smartcafe);
  opened(smartcafe, on_smartcafe);
  EXPECT_EQ(on_smartcafe.send("80F21002", "4F00"), "6A81");
  EXPECT_NE(on_smartcafe.send("80CA0066").find("060A2A864886FC6B02020101"), std::string::npos) << "GP 2.1.1";
  EXPECT_EQ(on_smartcafe.load(kWallet, "", small_package(kWallet, {kWalletApplet})), "009000") << smartcafe.why();
  EXPECT_EQ(on_smartcafe.install(kWallet, kWalletApplet, kWalletApplet), "009000") << smartcafe.why();
  EXPECT_EQ(on_smartcafe.send("80E62000", "000005F0F0F0F0F0000000"), "6A86");

  Card yubikey(flavor("yubikey"));
  Host on_yubikey(yubikey);
  opened(yubikey, on_yubikey);
  EXPECT_EQ(on_yubikey.create_domain(kSsd), "6D00");
  EXPECT_EQ(on_yubikey.send("80F22002", "4F00"), "6A88") << "no package to make domains from";
  EXPECT_EQ(on_yubikey.send("80CAFF21"), "6A88") << "no memory to load into";
  EXPECT_EQ(on_yubikey.raw("00A4040000"), "6F178408A000000151000000A50B730906072A864886FC6B019000");

  Card uicc(flavor("uicc"));
  uicc.reset();
  Host on_uicc(uicc);
  EXPECT_TRUE(on_uicc.raw("00A40004023F0000").ends_with("9000"));
  EXPECT_TRUE(on_uicc.raw("00A4040008A00000000300000000").ends_with("9000"));
  EXPECT_EQ(on_uicc.raw("00A4040009A00000015141434C0000").substr(0, 2), "6F");
}

TEST(Saving, everything_is_there_again) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  ASSERT_EQ(host.create_domain(kSsd, "804000", "C9088202202081020370"), "009000") << card.why();
  ASSERT_EQ(host.load(kWallet, "", small_package(kWallet, {kWalletApplet})), "009000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000");
  ASSERT_EQ(host.select(kWalletApplet), "9000");
  ASSERT_EQ(host.raw("80E2800005"
                     "0101024242"),
            "9000");

  const std::string text = card.save();
  Card again = Card::load(text);
  EXPECT_EQ(again.save(), text);
  EXPECT_EQ(again.flavor().name, "generic");
  again.reset();
  Host other(again);
  ASSERT_EQ(other.select(kWalletApplet), "9000");
  EXPECT_EQ(other.raw("80CA010100"), "42429000");
  EXPECT_EQ(again.nvm_used(), card.nvm_used());
  ASSERT_EQ(other.enter(kSsd, scp03_keys()), "9000");
  EXPECT_EQ(other.send("80CA00C1"), "6A88");
}

TEST(Saving, a_deletion_that_had_begun_survives_the_file) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x00), "9000");
  ASSERT_EQ(host.create_domain(kSsd), "009000");
  card.tear_next(Tear::inside);
  EXPECT_EQ(host.raw("80E400000A4F08" + std::string(kSsd)), "");
  Card again = Card::load(card.save());
  again.reset();
  EXPECT_EQ(Host(again).select(kSsd), "6A82");
}

TEST(Saving, what_is_no_saved_card_is_refused_with_a_reason) {
  const std::string good = Card(flavor("generic")).save();
  const auto message = [](const std::string& text) -> std::string {
    try {
      Card::load(text);
      return "loaded";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(error.message().find('\n'), std::string::npos);
      return error.message();
    }
  };
  const auto with = [&](std::string from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_NE(message("").find("not a card"), std::string::npos);
  EXPECT_NE(message("[1,2]").find("not a card"), std::string::npos);
  EXPECT_NE(message(good.substr(0, good.size() / 2)).find("not a card"), std::string::npos);
  std::string newer = good;
  newer.replace(newer.rfind("\"version\": 1"), 12, "\"version\": 2");
  EXPECT_NE(message(newer).find("format version is 2"), std::string::npos);
  EXPECT_NE(message(with("\"flavor\": \"generic\"", "\"flavor\": \"generix\"")).find("generic"), std::string::npos);
  EXPECT_NE(message(with("\"card_state\": 1", "\"card_state\": \"one\"")).find("saved card"), std::string::npos);
  EXPECT_NE(message(with("\"aid\": \"A0", "\"aid\": \"A")).find("saved card"), std::string::npos);
  EXPECT_NE(message(with(kTestKey, "4041")).find("length"), std::string::npos);
}

TEST(Repeatable, the_same_seed_and_commands_give_the_same_answers) {
  Flavor f = flavor("generic");
  f.scp03_i = uint8_t{0x60};
  const auto challenge = [&](std::optional<uint64_t> seed) {
    Card card(f);
    if (seed) card.seed(*seed);
    card.reset();
    return Host(card).raw("80503000080001020304050607 00");
  };
  EXPECT_EQ(challenge({}), challenge({}));
  EXPECT_EQ(challenge(7), challenge(7));
  EXPECT_NE(challenge(7), challenge(8));
  Card card(f);
  card.reset();
  const std::string first = Host(card).raw("80503000080001020304050607 00");
  card.reset();
  EXPECT_NE(Host(card).raw("80503000080001020304050607 00"), first) << "a reset does not repeat a challenge";
}

TEST(AccessRules, phones_find_what_was_stored) {
  Card card(flavor("uicc"));
  card.reset();
  const std::string ara = "A00000015141434C00";
  const std::string reference =
      "E11F4F07"
      "F0636172647701"
      "C114" +
      std::string(40, 'A');
  const std::string rule = "E226" + reference + "E303D00101";
  Host host(card);
  ASSERT_EQ(host.select(ara), "9000");
  EXPECT_EQ(host.raw("80CAFF4000"), "FF40009000");
  EXPECT_EQ(host.raw("80CADF2000"), "DF200800000000000000009000");
  EXPECT_EQ(host.raw("80E290002A"
                     "F028" +
                     rule),
            "6982")
      << "not without a channel";

  // Through its security domain, and through a channel of its own.
  ASSERT_EQ(host.enter("A000000003000000", scp03_keys()), "9000");
  ASSERT_EQ(host.send("80E62000", "0000" + lv(ara) + "000000"), "009000") << card.why();
  ASSERT_EQ(host.send("80E29000", "F028" + rule), "9000") << card.why();
  ASSERT_EQ(host.enter(ara, scp03_keys()), "9000");
  ASSERT_EQ(host.send("80E29000", "F011E20FE1094F05F0F0F0F0F0C100E302D000"), "9000") << card.why();

  ASSERT_EQ(host.select(ara), "9000");
  EXPECT_EQ(host.raw("80CAFF4000"), "FF4039" + rule + "E20FE1094F05F0F0F0F0F0C100E302D0009000");
  EXPECT_EQ(host.raw("80CADF2000"), "DF200800000000000000029000");
  EXPECT_EQ(host.raw("80CAFF5021" + reference + "00"), "FF5005E303D001019000");
  EXPECT_EQ(host.raw("80CAFF5004E1024F0000"), "6A88");

  ASSERT_EQ(host.enter(ara, scp03_keys()), "9000");
  EXPECT_EQ(host.send("80E29000", "F1074F05F0F0F0F0F0"), "9000") << card.why();
  EXPECT_EQ(host.send("80E29000", "F1074F05F0F0F0F0F0"), "6A88");
  EXPECT_EQ(host.send("80E29000", "F1234F"), "6A80");
  EXPECT_EQ(host.send("80E29000", "F100"), "9000") << "all";
  EXPECT_EQ(host.send("80CAFF40"), "FF40009000");
}

TEST(AccessRules, long_answers_are_fetched_with_get_response) {
  Card card(flavor("uicc"));
  card.reset();
  Host host(card);
  const std::string ara = "A00000015141434C00";
  ASSERT_EQ(host.enter(ara, scp03_keys()), "9000");
  for (int at = 0; at < 10; ++at) {
    const std::string aid = "F0F0F0F0" + to_hex(static_cast<uint8_t>(at));
    ASSERT_EQ(host.send("80E29000", "F025E223E11D4F05" + aid + "C114" + std::string(40, 'B') + "E302D000"), "9000")
        << card.why();
  }
  host.select(ara);
  const std::string first = host.raw("80CAFF4000");
  EXPECT_EQ(first.size(), 2u * 258);
  const std::string sw = first.substr(512);
  EXPECT_EQ(sw.substr(0, 2), "61");
  const std::string second = host.raw("00C00000" + sw.substr(2));
  EXPECT_TRUE(second.ends_with("9000"));
  EXPECT_EQ((first.size() - 4 + second.size() - 4) / 2, 5 + 10 * 37u);
}

TEST(BadInput, lengths_and_classes_that_cannot_be) {
  Card card(flavor("generic"));
  EXPECT_TRUE(card.process(from_hex("00A40400")).empty()) << "no power yet";
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw(""), "6700");
  EXPECT_EQ(host.raw("00A404"), "6700");
  EXPECT_EQ(host.raw("00A4040005A0"), "6700");
  EXPECT_EQ(host.raw("00A4040001A0A0A0A0"), "6700");
  EXPECT_EQ(host.raw("00A404000000FFA0"), "6700");
  EXPECT_EQ(host.raw("FFCA000000"), "6E00");
  EXPECT_EQ(host.raw("20CA000000"), "6E00");
  EXPECT_EQ(host.raw("01CA000000"), "6881");
  EXPECT_EQ(host.raw("8001000000"), "6D00");
  EXPECT_EQ(host.raw("0070400000"), "6A86");
  EXPECT_EQ(host.raw("0070800000"), "6A81") << "the basic channel stays";
  EXPECT_EQ(host.raw("00708014"), "6A81");
  EXPECT_EQ(host.raw("00A404000000000000"), "6700");
  EXPECT_TRUE(host.raw("00A40400000008A0000001510000000000").ends_with("9000")) << "extended lengths are taken";
}

TEST(BadInput, a_command_in_endless_parts_is_cut_off) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  const std::string part = "90E60200FF" + std::string(510, '0');
  std::string status;
  int parts = 0;
  do {
    status = host.raw(part);
    ++parts;
  } while (status == "9000" && parts < 100);
  EXPECT_EQ(status, "6A86");
}

}  // namespace
}  // namespace cw::se
