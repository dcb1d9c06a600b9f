// Commands as other programs send them, each with the file of the program that was read for it.
#include "host_test.h"

namespace cw::se {
namespace {

class Tools : public ::testing::Test {
 protected:
  Tools() {
    card.reset();
    host.enter("", scp03_keys());
  }
  std::string aes(const std::string& key, bool with_length) {
    const auto made = crypto::make_key(crypto::KeyType::aes, Secret::take(from_hex(key)));
    const Bytes encrypted = host.channel().encrypt_key(*made);
    const std::string block =
        (with_length ? to_hex(static_cast<uint8_t>(key.size() / 2)) : std::string()) + to_hex(encrypted);
    return "88" + lv(block) + "03" + to_hex(made->kcv());
  }

  Card card{flavor("generic")};
  Host host{card};
  const std::string other = "505152535455565758595A5B5C5D5E5F";
};

TEST_F(Tools, globalplatformpro_writes_the_length_before_an_aes_key_and_pysim_does_not) {
  // martinpaljak/GlobalPlatformPro GPSession.java encodeKey; osmocom/pysim global_platform/scp.py encrypt_key
  const std::string gp = aes(other, true);
  EXPECT_EQ(gp.substr(0, 6), "881110");
  EXPECT_TRUE(host.send("80D83081", "30" + gp + gp + gp).ends_with("9000")) << card.why();
  const crypto::KeySet changed = key_set(0x30, crypto::KeyType::aes, other, other, other);
  ASSERT_EQ(host.enter("", changed), "9000");
  const std::string pysim = aes(kTestKey, false);
  EXPECT_EQ(pysim.substr(0, 4), "8810");
  EXPECT_TRUE(host.send("80D83081", "30" + pysim + pysim + pysim).ends_with("9000")) << card.why();
  EXPECT_EQ(host.enter("", scp03_keys()), "9000");
}

TEST_F(Tools, gpshell_puts_an_empty_check_value_behind_the_modulus_of_an_rsa_key) {
  // kaoh/globalplatform globalplatform/src/globalplatform.c put_rsa_key
  const std::string modulus = "A180" + std::string(256, 'C') + "00";
  EXPECT_EQ(host.send("80D80001", "70" + modulus + "A0030100010000"), "9484") << "a key of type 00";
  EXPECT_EQ(host.send("80D80001", "70" + modulus + "A00301000100"), "709000") << card.why();
  EXPECT_NE(host.send("80CA00E0").find("C0060170A180A003"), std::string::npos);
}

TEST_F(Tools, gpshell_brings_token_and_receipt_key_in_one_command_under_p2_01) {
  // the same file, put_delegated_management_keys
  const std::string modulus = "A180" + std::string(256, 'C') + "00";
  EXPECT_TRUE(host.send("80D80001", "70" + modulus + "A00301000100" + aes(other, true)).ends_with("9000"))
      << card.why();
  const std::string keys = host.send("80CA00E0");
  EXPECT_NE(keys.find("C0060170A180A003"), std::string::npos);
  EXPECT_NE(keys.find("C00402708810"), std::string::npos);
}

TEST_F(Tools, gpshell_deletes_with_p2_80_whatever_it_deletes) {
  // the same file, delete_application and delete_key
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  EXPECT_TRUE(host.remove(kSsd, "80").ends_with("9000")) << card.why();
  EXPECT_TRUE(host.send("80E40080", "D20120").ends_with("9000")) << card.why();
}

TEST_F(Tools, delete_of_two_objects_in_one_command_deletes_neither) {
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  const std::string second = "F063617264770002";
  ASSERT_TRUE(host.create_domain(second).ends_with("9000"));
  EXPECT_EQ(host.send("80E40000", "4F" + lv(kSsd) + "4F" + lv(second)), "6A80");
  EXPECT_EQ(host.select(kSsd), "9000");
  EXPECT_EQ(host.select(second), "9000");
}

TEST_F(Tools, globalplatformpro_makes_an_installed_applet_the_default_one) {
  // martinpaljak/GlobalPlatformPro GPSession.java makeDefaultSelected
  ASSERT_TRUE(host.load(kWallet, "", small_package(kWallet, {kWalletApplet})).ends_with("9000"));
  ASSERT_TRUE(host.install(kWallet, kWalletApplet, kWalletApplet).ends_with("9000"));
  EXPECT_EQ(host.send("80E60800", "0000" + lv(kWalletApplet) + "0104" + "00" + "00"), "009000") << card.why();
  card.reset();
  EXPECT_EQ(host.raw("80CA004500"), "6A88") << "the applet is selected, and has no CIN";
  EXPECT_TRUE(host.raw("00A4040000").ends_with("9000"));
}

TEST_F(Tools, globalplatformpro_creates_a_domain_with_scp02_and_option_00) {
  // martinpaljak/GlobalPlatformPro GPTool.java --domain: 81 with the protocol of its own session, whose option it knows
  // for SCP03 only
  ASSERT_TRUE(host.create_domain(kSsd, "80", "C90481020200").ends_with("9000")) << card.why();
  host.select(kSsd);
  EXPECT_NE(host.raw("80CA006600").find("2A864886FC6B040255"), std::string::npos) << "the card's own option";
}

TEST_F(Tools, gpshell_takes_the_first_protocol_that_the_card_lists_for_the_one_of_key_version_00) {
  // kaoh/globalplatform globalplatform/src/globalplatform.c GP211_get_secure_channel_protocol_details
  const auto first = [&] {
    host.select("");
    const std::string data = host.raw("80CA006600");
    return data.substr(data.find("2A864886FC6B04") + 14, 4);
  };
  EXPECT_EQ(first(), "0370");
  gp::ChannelOptions options;
  options.i = 0x55;
  ASSERT_EQ(host.open(scp02_keys(), 0x03, options), "9000");
  ASSERT_TRUE(host.send("80E40000", "D20130").ends_with("9000")) << card.why();
  EXPECT_EQ(first(), "0255");
  EXPECT_EQ(host.raw("8050000008010203040506070800").substr(20, 4), "2002") << "and it is so";
}

TEST_F(Tools, globalplatformpro_gives_the_issuer_domain_another_aid) {
  // martinpaljak/GlobalPlatformPro GPSession.java renameISD
  const std::string name = "F0F1F2F3F4F5";
  ASSERT_TRUE(host.create_domain(kSsd).ends_with("9000"));
  EXPECT_EQ(host.send("80E29000", "4F" + lv(kSsd)), "6985") << "taken";
  EXPECT_EQ(host.send("80E29000", "4F03AABBCC"), "6A80") << "no AID";
  ASSERT_EQ(host.send("80E29000", "4F" + lv(name)), "9000") << card.why();
  EXPECT_NE(host.send("80F28002", "4F00").find("4F06" + name), std::string::npos) << "the session goes on";
  EXPECT_NE(host.send("80F24002", "4F00").find("CC06" + name), std::string::npos) << "and is the parent of the domain";
  EXPECT_EQ(host.select("A000000151000000"), "6A82");
  Card later = Card::load(card.save());
  later.reset();
  Host again(later);
  EXPECT_EQ(again.enter(name, scp03_keys()), "9000");
  EXPECT_TRUE(again.remove(kSsd).ends_with("9000")) << later.why();
}

TEST_F(Tools, a_long_answer_is_fetched_in_the_class_of_the_command_that_asked) {
  // osmocom/pysim transport/__init__.py send_apdu: GET RESPONSE with the class byte as it was sent
  for (int version = 1; version <= 20; ++version) {
    const std::string one = aes(other, true);
    ASSERT_TRUE(host.send("80D80081", to_hex(static_cast<uint8_t>(version)) + one + one + one).ends_with("9000"));
  }
  gp::Channel& channel = host.channel();
  const Bytes asked = channel.wrap({0x80, 0xCA, 0x00, 0xE0, {}, 256, false}).encode();
  const Bytes first = card.process(asked);
  ASSERT_EQ(first.size(), 258u);
  EXPECT_EQ(first[256], 0x61);
  const Bytes rest = card.process(Bytes{asked[0], 0xC0, 0x00, 0x00, first[257]});
  EXPECT_EQ(read_be(ByteView(rest).last(2)), 0x9000u);
  EXPECT_TRUE(host.send("80F28002", "4F00").ends_with("9000")) << "the session goes on: " << card.why();
}

TEST_F(Tools, pysim_lists_with_a_tag_list_and_reads_on_until_6a88) {
  // osmocom/pysim global_platform/__init__.py get_status
  EXPECT_EQ(host.send("80F28002", "4F005C054F9F70C5CC"),
            "E31D4F08A0000001510000009F700101C5039EFE80CC08A000000151000000"
            "9000");
  EXPECT_EQ(host.send("80F24002", "4F005C054F9F70C5CC"), "6A88");
}

TEST(ToolsAtStart, pysim_finds_a_uicc_by_its_mf_and_is_told_which_files_are_missing) {
  // osmocom/pysim cards.py UiccCardBase.probe, SimCardBase.probe; profile.py match_uicc, match_sim
  Card card(flavor("uicc"));
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw("00A40004022F00"), "6A82") << "EF.DIR";
  EXPECT_EQ(host.raw("A0A40000023F00"), "6E00") << "no SIM of 2G";
  const std::string mf = host.raw("00A40004023F00");
  EXPECT_TRUE(mf.starts_with("62") && mf.ends_with("9000")) << mf;
  EXPECT_TRUE(host.raw("00A4040408A000000003000000").ends_with("9000")) << "no Le, P2 04";
  EXPECT_EQ(host.raw("00A4040407A0000000871002"), "6A82") << "USIM";
}

TEST(ToolsAtStart, opensc_tries_its_drivers_and_leaves_every_flavor_as_it_was) {
  // OpenSC/OpenSC card-*.c: what opensc-tool -n of version 0.23 sends
  for (const std::string& name : flavor_names()) {
    Card card(flavor(name));
    card.reset();
    Host host(card);
    const std::string before = card.save();
    for (const char* probe :
         {"00A4040007627601FF000000", "00A4040C0FD23300000045737445494420763335", "00CADF3005", "00CB3FFF035C017E08",
          "00A4000C023F00", "00A40000023F00", "00A4080C04500050F0", "00CA010000", "80F60000", "00C00000", "B0020000",
          "80E6000000", "00840000FF", "0022F301", "002241A406830102", "00A40900022F00", "FFCA000000", "8000000000"}) {
      const std::string answer = host.raw(probe);
      ASSERT_GE(answer.size(), 4u) << name << " " << probe;
      EXPECT_EQ(answer.substr(answer.size() - 4, 1), name == "uicc" && answer.ends_with("9000") ? "9" : "6")
          << name << " " << probe << " " << answer;
    }
    EXPECT_EQ(card.save(), before) << name;
    EXPECT_TRUE(host.raw("00A4040000").ends_with("9000")) << name;
  }
}

TEST(ToolsAtStart, every_atr_is_one_that_pcscd_takes_for_t_1) {
  // ISO/IEC 7816-3 8.2: T0 says how many historical bytes, TCK makes the exclusive or from T0 on zero.
  for (const std::string& name : flavor_names()) {
    const Bytes atr = Card(flavor(name)).reset();
    ASSERT_GE(atr.size(), 4u);
    EXPECT_EQ(atr[0], 0x3B) << name;
    size_t at = 2;
    bool has_t1 = false;
    for (uint8_t next = atr[1]; (next & 0xF0) != 0;) {
      for (const unsigned bit : {0x10u, 0x20u, 0x40u}) at += (next & bit) != 0 ? 1 : 0;
      if ((next & 0x80) == 0) break;
      next = atr.at(at++);
      has_t1 = has_t1 || (next & 0x0F) == 1;
    }
    EXPECT_TRUE(has_t1) << name;
    EXPECT_EQ(at + (atr[1] & 0x0F) + 1, atr.size()) << name << ": historical bytes and TCK";
    uint8_t check = 0;
    for (size_t byte = 1; byte < atr.size(); ++byte) check ^= atr[byte];
    EXPECT_EQ(check, 0) << name;
  }
}

}  // namespace
}  // namespace cw::se
