// PUT KEY, DELETE of keys and STORE DATA with keys, in the encodings that hosts use.
#include "host_test.h"

namespace cw::se {
namespace {

const char* const kKey24 = "404142434445464748494A4B4C4D4E4F5051525354555657";
const char* const kKey32 = "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F";
const char* const kOther = "000102030405060708090A0B0C0D0E0F";

class Keys : public testing::Test {
 protected:
  Keys() : card(flavor("generic")), host(card) {
    card.reset();
    EXPECT_EQ(host.open(scp03_keys(), 0x33), "9000");
  }
  std::string encrypted(const std::string& key, crypto::KeyType type = crypto::KeyType::aes) {
    return to_hex(host.channel().encrypt_key(*crypto::make_key(type, Secret::take(from_hex(key)))));
  }
  Card card;
  Host host;
};

TEST_F(Keys, a_second_set_stands_beside_the_first) {
  EXPECT_EQ(host.put_aes_keys(0x31, kKey32).substr(0, 2), "31");
  EXPECT_EQ(host.open(key_set(0x31, crypto::KeyType::aes, kKey32, kKey32, kKey32), 0x33), "9000") << card.why();
  EXPECT_EQ(host.open(scp03_keys(), 0x33), "9000");
  EXPECT_EQ(host.put_aes_keys(0x31, kOther), "6A80") << "there already";
  EXPECT_EQ(host.put_aes_keys(0x80, kOther), "6A80") << "no such version";
}

TEST_F(Keys, aes_192_is_padded_on_its_way) {
  ASSERT_TRUE(host.put_aes_keys(0x32, kKey24).ends_with("9000")) << card.why();
  EXPECT_NE(host.send("80CA00E0").find("C00401328818"), std::string::npos);
  EXPECT_EQ(host.open(key_set(0x32, crypto::KeyType::aes, kKey24, kKey24, kKey24), 0x33), "9000");
}

TEST_F(Keys, replacing_keeps_type_and_size_and_starts_the_counter_anew) {
  EXPECT_EQ(host.put_aes_keys(0x30, kKey32, "30"), "6A80") << "another size";
  EXPECT_EQ(host.put_aes_keys(0x31, kOther, "20"), "6A80") << "another type";
  EXPECT_EQ(host.put_aes_keys(0x31, kOther, "44"), "6A88") << "no such version";
  ASSERT_TRUE(host.put_aes_keys(0x31, kOther, "30").ends_with("9000")) << card.why();
  EXPECT_EQ(host.send("80CA00C1"), "C1030000009000");
  EXPECT_EQ(host.raw("80503000080001020304050607 00"), "6A88");
  EXPECT_EQ(host.open(key_set(0x31, crypto::KeyType::aes, kOther, kOther, kOther), 0x33), "9000");
}

TEST_F(Keys, a_wrong_check_value_stores_nothing) {
  const std::string good =
      "8811"
      "10" +
      encrypted(kOther) + "03" + "C35280";
  const std::string bad =
      "8811"
      "10" +
      encrypted(kOther) + "03" + "C35281";
  EXPECT_EQ(host.send("80D80081", "33" + good + good + bad), "9485");
  EXPECT_EQ(host.send("80CA00E0").find("0133"), std::string::npos) << "all or none";
  EXPECT_EQ(host.send("80D80081", "33" + good + good + good), "33C35280C35280C352809000");
}

TEST_F(Keys, key_data_comes_bare_or_with_its_length) {
  EXPECT_EQ(host.send("80D80001",
                      "33"
                      "8810" +
                          encrypted(kOther) + "03C35280"),
            "33C352809000")
      << "as pySim does";
  EXPECT_EQ(host.send("80D80002",
                      "33"
                      "8811"
                      "10" +
                          encrypted(kOther) + "00"),
            "33C352809000")
      << "no check value";
  EXPECT_EQ(host.send("80D80003",
                      "33"
                      "8812"
                      "1000" +
                          encrypted(kOther) + "00"),
            "6A80");
  EXPECT_EQ(host.send("80D80003",
                      "33"
                      "8811"
                      "1100"),
            "6A80")
      << "cut";
  EXPECT_EQ(host.send("80D80003",
                      "33"
                      "7710" +
                          encrypted(kOther) + "00"),
            "9484")
      << "no such type";
  EXPECT_EQ(host.send("80D80003", "33"), "6A80") << "no keys";
  EXPECT_EQ(host.send("80D80000",
                      "33"
                      "8810" +
                          encrypted(kOther) + "00"),
            "6A86")
      << "identifier 00";
}

TEST_F(Keys, des_keys_through_scp03_and_aes_keys_through_scp02) {
  const std::string des = "8010" + encrypted(kTestKey, crypto::KeyType::des) +
                          "03"
                          "8BAF47";
  ASSERT_EQ(host.send("80D80081", "21" + des + des + des), "218BAF478BAF478BAF479000") << card.why();
  gp::ChannelOptions scp02;
  scp02.i = 0x55;
  ASSERT_EQ(host.open(test_keys(0x21, crypto::KeyType::des), 0x03, scp02), "9000") << card.why();
  ASSERT_EQ(host.put_aes_keys(0x34, kTestKey), "34504A77504A77504A779000") << card.why();
  EXPECT_EQ(host.open(test_keys(0x34, crypto::KeyType::aes), 0x33), "9000");
}

TEST_F(Keys, public_keys_are_stored_with_their_components) {
  const std::string modulus(256, 'C');
  EXPECT_EQ(host.send("80D80001",
                      "70"
                      "A18180" +
                          modulus +
                          "A003010001"
                          "00"),
            "709000")
      << card.why();
  EXPECT_NE(host.send("80CA00E0").find("C0060170A180A003"), std::string::npos);
  const std::string point = "04" + std::string(128, '7');
  EXPECT_EQ(host.send("80D80001",
                      "73"
                      "B041" +
                          point +
                          "F00100"
                          "00"),
            "739000")
      << card.why();
  EXPECT_NE(host.send("80CA00E0").find("C0060173B040F000"), std::string::npos);
}

// STORE DATA and GET DATA as Yubico's yubikit sends them (A6 { 83 identifier, version }, BF21, in one block), and in
// two.
TEST_F(Keys, certificates_of_a_key_are_stored_all_or_none_and_given_back) {
  const std::string reference = "A60483020130", first = "3003020101",
                    second = "3081C3020201" + std::string(2 * 192, '7');
  EXPECT_EQ(host.send("80CABF21", reference), "6A88") << "none yet";
  ASSERT_EQ(host.send("80E29000", reference + "BF2105" + first), "9000") << card.why();
  EXPECT_EQ(host.send("80CABF21", reference), "BF2105" + first + "9000");
  EXPECT_EQ(host.send("00CABF21", reference), first + "9000") << "the value alone to a command of ISO 7816";
  // Several blocks; the last one decides.
  const std::string all = reference + "BF2181CB" + first + second;
  ASSERT_EQ(host.send("80E21000", all.substr(0, 300)), "9000") << card.why();
  EXPECT_EQ(host.send("80CABF21", reference), "BF2105" + first + "9000") << "nothing yet";
  ASSERT_EQ(host.send("80E29001", all.substr(300)), "9000") << card.why();
  EXPECT_EQ(host.send("80CABF21", reference), "BF2181CB" + first + second + "9000");
  EXPECT_EQ(host.send("80E29000", "BF2105" + first), "6A80") << "of which key?";
  EXPECT_EQ(host.send("80E29000", reference), "6A80") << "and nothing behind it";
  EXPECT_EQ(host.send("80E29000", "A60483020131BF2105" + first), "6A88") << "no such key";
  EXPECT_EQ(host.send("80E29000", "A603830201BF2105" + first), "6A80") << "half a key";
  EXPECT_EQ(host.send("80E29000", reference + "BF21020500"), "6A80") << "no certificate";
  EXPECT_EQ(host.send("80CABF21", ""), "6A80");
  EXPECT_EQ(host.send("80CABF21", reference), "BF2181CB" + first + second + "9000") << "what was refused left no trace";
  ASSERT_EQ(host.send("80E29000", reference + "BF2100"), "9000");
  EXPECT_EQ(host.send("80CABF21", reference), "6A88");
}

TEST_F(Keys, deleting_by_version_and_identifier) {
  ASSERT_TRUE(host.put_aes_keys(0x31, kOther).ends_with("9000"));
  EXPECT_EQ(host.send("80E40000",
                      "D001"
                      "03"
                      "D201"
                      "31"),
            "009000");
  EXPECT_EQ(host.raw("80503100080001020304050607 00"), "6A88") << "two keys open nothing";
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  EXPECT_EQ(host.send("80E40000", "D20131"), "009000");
  EXPECT_EQ(host.send("80E40000", "D20131"), "6A88");
  EXPECT_EQ(host.send("80E40000", "D20120"), "009000");
  EXPECT_EQ(host.send("80E40000", "D20130"), "6985") << "the last set";
  EXPECT_EQ(host.send("80E40000", "D202AABB"), "6A80");
}

TEST(FactoryKeys, the_first_own_set_takes_the_place_of_version_FF) {
  Card card(flavor("jcop4"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(test_keys(0xFF, crypto::KeyType::aes), 0x33), "9000");
  ASSERT_TRUE(host.put_aes_keys(0x01, kOther).ends_with("9000")) << card.why();
  EXPECT_EQ(host.send("80CA00E0"), "E012C00401018810C00402018810C004030188109000");
  EXPECT_EQ(host.open(key_set(0x00, crypto::KeyType::aes, kOther, kOther, kOther), 0x33), "9000");
  EXPECT_EQ(host.put_aes_keys(0x7F, kOther, "FF"), "6A86") << "and FF cannot be put back";
  EXPECT_EQ(host.send("80E40000",
                      "D00101"
                      "D20101"),
            "6A88")
      << "whole versions only";
}

TEST(StoreDataKeys, data_groups_00B9_and_8113_key_a_domain) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x33), "9000");
  ASSERT_EQ(host.create_domain(kSsd), "009000");
  ASSERT_EQ(host.enter(kSsd, scp03_keys(), 0x33), "9000");
  const std::string value = to_hex(host.channel().encrypt_key(
      *crypto::make_key(crypto::KeyType::aes, Secret::take(from_hex("404142434445464748494A4B4C4D4E4F")))));
  const std::string attributes =
      "00B930"
      "B710"
      "800188"
      "810110"
      "830131"
      "960100"
      "97020003"
      "B908"
      "820101"
      "8403504A77"
      "B908"
      "820102"
      "8403504A77"
      "B908"
      "820103"
      "8403504A77";
  const std::string keys = "811310" + value + "811310" + value + "811310" + value;
  // Cut in the middle of a group: groups go on over blocks.
  const std::string all = attributes + keys;
  ASSERT_EQ(host.send("80E26800", all.substr(0, 130)), "9000") << card.why();
  ASSERT_EQ(host.send("80E2E801", all.substr(130)), "9000") << card.why();
  EXPECT_EQ(host.open(test_keys(0x31, crypto::KeyType::aes), 0x33), "9000") << card.why();
  EXPECT_NE(host.send("80F24002", "4F00").find("9F70010F"), std::string::npos) << "PERSONALIZED by it";
  EXPECT_EQ(host.send("80E2E800", "811310" + value), "6A80") << "a value without attributes";
  EXPECT_EQ(host.send("80E2E800", attributes + "811310" + value), "6A80") << "values missing";
}

TEST(StoreData, a_domain_takes_its_data_objects_in_three_forms) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x33), "9000");
  EXPECT_EQ(host.send("80E29000", "4205AABBCCDDEE"), "9000") << card.why();
  EXPECT_EQ(host.send("80CA0042"), "4205AABBCCDDEE9000");
  EXPECT_EQ(host.send("80E28000", "450201FF"), "9000") << card.why();
  EXPECT_EQ(host.send("80CA0045"), "450201FF9000");
  EXPECT_EQ(host.send("80E28800",
                      "007008"
                      "5F5005"
                      "6874747073"),
            "9000")
      << card.why();
  EXPECT_EQ(host.send("80CA5F50"), "5F500568747470739000");
  EXPECT_EQ(host.send("80E29000", "990100"), "6A80") << "no such object";
  EXPECT_EQ(host.send("80E29000", "4205AA"), "6A80") << "cut";
  EXPECT_EQ(host.send("80E29800", "4205AABBCCDDEE"), "6A86");
  EXPECT_EQ(host.send("80E21000", "4205AABB"), "9000");
  EXPECT_EQ(host.send("80E29001", "CCDDEF"), "9000") << "over two blocks";
  EXPECT_EQ(host.send("80CA0042"), "4205AABBCCDDEF9000");
}

TEST(StoreData, secora_wants_the_format_in_p1) {
  Card card(flavor("secora"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  EXPECT_EQ(host.send("80E28000", "9F67081111111111111111"), "6A80");
  EXPECT_EQ(host.send("80E28800", "9F67081111111111111111"), "9000") << card.why();
}

}  // namespace
}  // namespace cw::se
