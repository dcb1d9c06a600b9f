// SELECT, GET STATUS, GET DATA and SET STATUS: what the registry shows and how life cycles go.
#include "host_test.h"

namespace cw::se {
namespace {

class Registry : public testing::Test {
 protected:
  Registry() : card(flavor("generic")), host(card) {
    card.reset();
    EXPECT_EQ(host.open(scp03_keys(), 0x03), "9000");
  }
  void put_applet(const std::string& aid) {
    if (!loaded) {
      ASSERT_EQ(host.load(kWallet, "", small_package(kWallet, {kWalletApplet})), "009000");
    }
    loaded = true;
    ASSERT_EQ(host.install(kWallet, kWalletApplet, aid), "009000") << card.why();
  }
  bool loaded = false;
  Card card;
  Host host;
};

TEST_F(Registry, the_isd_is_found_by_nothing_by_its_aid_and_by_part_of_it) {
  const std::string fci = "6F108408A000000151000000A5049F6501FF9000";  // as an NXP P71 answers
  EXPECT_EQ(host.raw("00A4040000"), fci);
  EXPECT_EQ(host.raw("00A40400"), fci);
  EXPECT_EQ(host.raw("00A4040400"), fci) << "P2 04";
  EXPECT_EQ(host.raw("00A4040008A00000015100000000"), fci);
  EXPECT_EQ(host.raw("00A4040005A00000015100"), fci);
  EXPECT_EQ(host.raw("00A4040005A00000015200"), "6A82");
  EXPECT_EQ(host.raw("00A40004023F0000"), "6A86");
  EXPECT_EQ(host.raw("00A4040011" + std::string(34, '0')), "6A82");
}

TEST_F(Registry, next_occurrence_goes_through_all_that_begin_so) {
  put_applet("F0F0F0F0F001");
  put_applet("F0F0F0F0F002");
  put_applet("F0F0F0F0F0");
  EXPECT_EQ(host.raw("00A4040005F0F0F0F0F0"), "6F098405F0F0F0F0F0A5009000") << "a full match comes first";
  EXPECT_EQ(host.raw("00A4040004F0F0F0F0"), "6F0A8406F0F0F0F0F001A5009000");
  EXPECT_EQ(host.raw("00A4040204F0F0F0F0"), "6F0A8406F0F0F0F0F002A5009000");
  EXPECT_EQ(host.raw("00A4040204F0F0F0F0"), "6F098405F0F0F0F0F0A5009000");
  EXPECT_EQ(host.raw("00A4040204F0F0F0F0"), "6A82");
  EXPECT_EQ(host.raw("80CA010100"), "6A88") << "the last one found stays selected";
}

TEST_F(Registry, card_reset_makes_an_application_the_default) {
  put_applet("F0F0F0F0F0");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, "F0F0F0F0F1", "04"), "009000") << card.why();
  card.reset();
  EXPECT_EQ(host.raw("80CA010100"), "6A88") << "the applet answers";
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  ASSERT_EQ(host.remove("F0F0F0F0F1"), "009000");
  card.reset();
  EXPECT_TRUE(host.raw("80CA00E000").ends_with("9000")) << "the ISD again";
}

TEST_F(Registry, both_formats_of_the_isd_and_the_load_files) {
  EXPECT_EQ(host.send("80F28002", "4F00"),
            "E3264F08A0000001510000009F700101C5039EFE80C407A0000001515350CC08A0000001510000009000");
  EXPECT_EQ(host.send("80F28000", "4F00"), "08A000000151000000019E9000");
  EXPECT_EQ(host.send("80F22002", "4F07A0000001515350"),
            "E31B4F07A00000015153509F700101CE02FFFFCC08A0000001510000009000");
  EXPECT_EQ(host.send("80F21002", "4F07A0000001515350"),
            "E3254F07A00000015153509F700101CE02FFFF8408A000000151535041CC08A0000001510000009000");
  EXPECT_EQ(host.send("80F22000", "4F07A0000001515350"), "07A000000151535001009000");
  EXPECT_EQ(host.send("80F28002", "4F005C034F9F70"), "E30E4F08A0000001510000009F7001019000") << "the tags asked for";
  EXPECT_EQ(host.send("80F2A002", "4F07A0000001515350"), host.send("80F22002", "4F07A0000001515350")) << "sums of P1";
  EXPECT_EQ(host.send("80F20002", "4F00"), "6A86");
  EXPECT_EQ(host.send("80F28102", "4F00"), "6A86");
  EXPECT_EQ(host.send("80F28004", "4F00"), "6A86");
  EXPECT_EQ(host.send("80F28002", ""), "6A80");
  EXPECT_EQ(host.send("80F28002", "4F05AA"), "6A80");
}

TEST_F(Registry, long_lists_come_in_pages_that_end_between_entries) {
  std::vector<std::string> aids;
  for (int at = 0; at < 15; ++at) {
    aids.push_back("F0F0F0F0F0F0" + to_hex(static_cast<uint8_t>(at)));
    put_applet(aids.back());
  }
  std::string joined;
  std::string page = host.send("80F24002", "4F00");
  size_t pages = 1;
  while (page.ends_with("6310")) {
    EXPECT_EQ(page.substr(0, 2), "E3") << "a page begins with an entry";
    joined += page.substr(0, page.size() - 4);
    page = host.send("80F24003", "4F00");
    ++pages;
  }
  EXPECT_TRUE(page.ends_with("9000"));
  joined += page;
  EXPECT_GT(pages, 2u);
  for (const std::string& aid : aids) EXPECT_NE(joined.find("4F07" + aid), std::string::npos);
  EXPECT_EQ(host.send("80F24003", "4F00"), "6985") << "nothing to go on with";
}

TEST(RegistryPages, a_card_may_cut_inside_an_entry) {
  Flavor f = flavor("generic");
  f.list_splits_entries = true;
  Card card(f);
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x33), "9000");
  for (int at = 0; at < 8; ++at) ASSERT_EQ(host.create_domain("F0F0F0F0F0F0" + to_hex(uint8_t(at))), "009000");
  const std::string first = host.send("80F24002", "4F00");
  EXPECT_EQ(first.size(), 2 * (223 + 2)) << "full to the last byte";
  const std::string second = host.send("80F24003", "4F00");
  EXPECT_NE(second.substr(0, 2), "E3");
}

TEST_F(Registry, data_objects_of_the_isd) {
  EXPECT_EQ(host.send("80CA9F7F").substr(0, 6), "9F7F2A");
  EXPECT_EQ(host.send("80CA0067").substr(0, 4), "672C");
  EXPECT_EQ(host.send("80CA00CF"), "CF0A000000000000000000019000");
  EXPECT_EQ(host.send("80CA0042"), "420500000000019000");
  EXPECT_EQ(host.send("80CA5F50"), "6A88");
  EXPECT_EQ(host.send("80CA1234"), "6A88");
  host.select("");
  EXPECT_EQ(host.raw("80CA00E000").substr(0, 4), "E024") << "GET DATA is free for all";
}

TEST_F(Registry, an_iso_get_data_gives_the_value_alone) {
  host.select("");
  EXPECT_EQ(host.raw("80CA004200"), "420500000000019000");
  EXPECT_EQ(host.raw("00CA004200"), "00000000019000") << "GPCS 11.3.3.1";
  EXPECT_EQ(host.raw("00CA00E000").substr(0, 8), "C0040130");
  EXPECT_EQ(host.raw("00CA9F7F00").size(), 2 * (42 + 2));
}

TEST_F(Registry, the_list_of_applications_has_an_instruction_for_each_class) {
  ASSERT_EQ(host.create_domain(kSsd), "009000");
  const std::string list = "610A4F08A000000151000000610A4F08" + std::string(kSsd) + "9000";
  EXPECT_EQ(host.send("80CA2F00", "5C00"), list);
  host.select("");
  EXPECT_EQ(host.raw("80CA2F00025C0000"), list);
  EXPECT_EQ(host.raw("00CB2F00025C0000"), list) << "GPCS 11.3.2.1";
  EXPECT_EQ(host.raw("80CA2F0000"), "6A80") << "no tag list";
  EXPECT_EQ(host.raw("00CA2F00025C0000"), "6A88");
  EXPECT_EQ(host.raw("80CB2F00025C0000"), "6E00");
  EXPECT_EQ(host.raw("00CB006600"), "6A88") << "the odd instruction reads files, and there is no other";
  EXPECT_EQ(host.raw("01CB2F00025C0000"), "6881");
  host.select(kSsd);
  EXPECT_EQ(host.raw("80CA2F00025C0000"), "9000") << "nothing is in it";
}

TEST_F(Registry, each_command_has_its_class) {
  ASSERT_EQ(host.raw("0070000001"), "019000");
  ASSERT_EQ(host.raw("0070000400"), "9000") << card.why();
  for (const std::string rest : {"50000008000102030405060700", "8203000100", "E40000024F00", "E290000100",
                                 "E60200010000", "E88000010000", "D80081010000", "F0800F00", "F28002024F0000"}) {
    for (const std::string cla : {"00", "01", "40", "04", "60"}) {
      EXPECT_EQ(host.raw(cla + rest), "6E00") << cla << rest;
    }
  }
  EXPECT_EQ(host.send("80F28002", "4F00").substr(0, 2), "E3") << "the session goes on";
  EXPECT_EQ(host.raw("80A4040000"), "6E00");
  EXPECT_EQ(host.raw("8070000001"), "6E00");
  EXPECT_EQ(host.raw("C0CA006600").substr(0, 2), "66") << "channel 4";
  EXPECT_EQ(host.raw("40CA006600").substr(0, 2), "73");
}

TEST_F(Registry, applications_lock_and_come_back_as_they_were) {
  put_applet("F0F0F0F0F0");
  EXPECT_EQ(host.send("80F04080", "F0F0F0F0F0"), "9000") << card.why();
  EXPECT_EQ(host.send("80F04080", "F0F0F0F0F0"), "6A80") << "locked already";
  EXPECT_NE(host.send("80F24002", "4F05F0F0F0F0F0").find("9F700187"), std::string::npos);
  EXPECT_EQ(host.raw("0070000001"), "019000");
  EXPECT_EQ(host.raw("01A4040005F0F0F0F0F0"), "6A82");
  EXPECT_EQ(host.send("80F04000", "F0F0F0F0F0"), "9000");
  EXPECT_EQ(host.raw("01A4040005F0F0F0F0F0").substr(0, 2), "6F");
  EXPECT_EQ(host.send("80F04080", "F0F0F0F0F0"), "9000");
  EXPECT_EQ(host.raw("81CA010100"), "6985") << "locked while selected elsewhere";
  EXPECT_EQ(host.send("80F04080", "F0F0F0F0F7"), "6A88");
  EXPECT_EQ(host.send("80F04080", "A000000151000000"), "6985");
  EXPECT_EQ(host.send("80F03080", "F0F0F0F0F0"), "6A86");
}

TEST_F(Registry, a_domain_locks_with_all_that_is_in_it) {
  ASSERT_EQ(host.create_domain(kSsd), "009000");
  put_applet("F0F0F0F0F0");
  ASSERT_EQ(host.enter(kSsd, scp03_keys()), "9000");
  ASSERT_EQ(host.send("80F0400F", kSsd), "9000") << "PERSONALIZED by itself: " << card.why();
  EXPECT_EQ(host.send("80F04007", kSsd), "6A80") << "never back";
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  ASSERT_EQ(host.send("80E61000", lv(kSsd) + "00" + lv("F0F0F0F0F0") + "000000"), "009000") << card.why();
  EXPECT_EQ(host.send("80F06080", kSsd), "9000") << card.why();
  EXPECT_NE(host.send("80F24002", "4F08" + std::string(kSsd)).find("9F70018F"), std::string::npos);
  EXPECT_NE(host.send("80F24002", "4F05F0F0F0F0F0").find("9F700187"), std::string::npos);
  EXPECT_EQ(host.send("80F06000", kSsd), "9000");
  EXPECT_NE(host.send("80F24002", "4F05F0F0F0F0F0").find("9F700107"), std::string::npos);
}

TEST_F(Registry, the_card_goes_through_its_life_one_step_at_a_time) {
  EXPECT_EQ(host.send("80F0800F"), "6A80") << "OP_READY is not followed by SECURED";
  EXPECT_EQ(host.send("80F08007"), "9000");
  EXPECT_EQ(host.send("80F08007"), "6A80");
  EXPECT_EQ(host.send("80F0800F"), "9000");
  EXPECT_EQ(host.send("80F08007"), "6A80") << "never back";
  put_applet("F0F0F0F0F0");

  ASSERT_EQ(host.send("80F0807F"), "9000") << "CARD_LOCKED";
  EXPECT_TRUE(host.send("80F28002", "4F00").ends_with("9000"));
  EXPECT_EQ(host.send("80E40000", "4F05F0F0F0F0F0"), "6985");
  EXPECT_EQ(host.raw("00A4040005F0F0F0F0F0"), "6A82");
  EXPECT_TRUE(host.raw("00A4040000").ends_with("6283"));
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  ASSERT_EQ(host.send("80F0800F"), "9000") << "and back";

  ASSERT_EQ(host.send("80F080FF"), "9000") << "TERMINATED";
  card.reset();
  EXPECT_EQ(host.raw("00A4040000"), "6985");
  EXPECT_EQ(host.raw("805000000800010203040506070 0"), "6985");
  EXPECT_TRUE(host.raw("80CA9F7F00").ends_with("9000"));
}

TEST_F(Registry, another_domain_needs_the_privilege_to_lock_the_card) {
  host.send("80F08007");
  host.send("80F0800F");
  ASSERT_EQ(host.create_domain(kSsd, "80"), "009000");
  ASSERT_EQ(host.create_domain("F063617264770002", "90"), "009000");
  ASSERT_EQ(host.enter(kSsd, scp03_keys()), "9000");
  EXPECT_EQ(host.send("80F0807F"), "6985");
  EXPECT_EQ(host.send("80F080FF"), "6985");
  ASSERT_EQ(host.enter("F063617264770002", scp03_keys()), "9000");
  EXPECT_EQ(host.send("80F0807F"), "9000");
}

TEST_F(Registry, an_explicit_domain_is_personalized_when_told_so) {
  ASSERT_EQ(host.create_domain(kSsd, "804000", "C9028400"), "009000");
  ASSERT_EQ(host.enter(kSsd, scp03_keys()), "9000");
  ASSERT_TRUE(host.put_aes_keys(0x31, kTestKey).ends_with("9000"));
  ASSERT_EQ(host.enter(kSsd, test_keys(0x31, crypto::KeyType::aes)), "9000");
  EXPECT_NE(host.send("80F24002", "4F00").find("9F700107"), std::string::npos);
  EXPECT_EQ(host.send("80E29000", "45020102"), "9000");
  EXPECT_NE(host.send("80F24002", "4F00").find("9F70010F"), std::string::npos);
}

TEST_F(Registry, a_domain_speaks_the_protocols_it_was_made_with) {
  ASSERT_EQ(host.create_domain(kSsd, "804000", "C90481020360"), "009000") << card.why();
  ASSERT_EQ(host.enter(kSsd, scp03_keys()), "9000");
  ASSERT_TRUE(host.put_aes_keys(0x31, kTestKey).ends_with("9000"));
  const std::string answer = host.raw("80503100080001020304050607 00");
  EXPECT_EQ(answer.substr(20, 6), "310360");
  EXPECT_EQ(answer.size(), 2u * (29 + 2)) << "no counter without i bit 10";
}

}  // namespace
}  // namespace cw::se
