// Card content management as its users do it: domains, packages, instances, deletion, extradition.
#include "base/files.h"
#include "gp/cap_file.h"
#include "host_test.h"

namespace cw::se {
namespace {

Bytes cap_code(const std::string& name) {
  const std::string path = std::string(CW_SOURCE_DIR) + "/tests/caps/" + name;
  return gp::CapFile::parse(read_file(path), path).load_file_data_block();
}

const char* const kPackageSha256 = "01916820F4C3001C3E24B6B4A3BFFE2B1A740BFCF61BDE7183833856645D1347";

class Content : public testing::Test {
 protected:
  Content() : card(flavor("generic")), host(card) {
    card.reset();
    EXPECT_EQ(host.open(scp03_keys(), 0x33), "9000");
  }

  /// A keyed domain below the ISD; the host stays in the ISD.
  void make_domain(const std::string& aid, const std::string& privileges = "804000",
                   const std::string& parameters = "C900") {
    ASSERT_EQ(host.create_domain(aid, privileges, parameters), "009000") << card.why();
    ASSERT_EQ(host.enter(aid, scp03_keys(), 0x33), "9000") << card.why();
    ASSERT_TRUE(host.put_aes_keys(0x31, kTestKey).ends_with("9000")) << card.why();
    ASSERT_EQ(host.enter("", scp03_keys(), 0x33), "9000") << card.why();
  }
  crypto::KeySet domain_keys() { return test_keys(0x31, crypto::KeyType::aes); }

  Card card;
  Host host;
};

TEST_F(Content, the_whole_way_from_an_empty_card_to_a_personalized_applet) {
  ASSERT_EQ(host.create_domain(kSsd), "009000") << card.why();
  EXPECT_EQ(host.send("80F24002", std::string("4F08") + kSsd),
            "E3264F08F0636172647700019F700107C503804000C407A0000001515350CC08A0000001510000009000");

  // First channel to the new domain: the issuer's keys, as it has none.
  ASSERT_EQ(host.enter(kSsd, scp03_keys(), 0x33), "9000");
  EXPECT_EQ(host.send("80CA00E0"), "6A88");
  EXPECT_EQ(host.put_aes_keys(0x31, kTestKey), "31504A77504A77504A779000") << card.why();
  EXPECT_EQ(host.send("80CA00E0"), "E012C00401318810C00402318810C004033188109000");

  // From now on its own.
  ASSERT_EQ(host.enter(kSsd, domain_keys(), 0x33), "9000");
  EXPECT_EQ(host.send("80F24002", std::string("4F08") + kSsd).substr(24, 10), "9F70010FC5") << "PERSONALIZED";
  ASSERT_EQ(host.load(kWallet, kSsd, cap_code("wallet-1.0.cap"), kPackageSha256), "009000") << card.why();
  EXPECT_EQ(host.send("80F21002", "4F00"),
            "E3254F07F06361726477019F700101CE02010084"
            "08F063617264770101"
            "CC08" +
                std::string(kSsd) + "9000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000") << card.why();

  ASSERT_EQ(host.send("80E62000", "0000" + lv(kWalletApplet) + "000000"), "009000") << card.why();
  EXPECT_EQ(host.send("80E20000",
                      "010105"
                      "416C696365"),
            "9000");
  EXPECT_EQ(host.send("80E28001",
                      "010204"
                      "12345678"
                      "820104"
                      "31323334"),
            "9000");

  ASSERT_EQ(host.select(kWalletApplet), "9000");
  EXPECT_EQ(host.raw("80CA010100"), "416C6963659000");
  EXPECT_EQ(host.raw("80CA010200"), "123456789000");
  EXPECT_EQ(host.raw("80CA820100"), "6A88") << "a secret";
  EXPECT_EQ(host.raw("80E2800005"
                     "0101024242"),
            "6985")
      << "personalized is personalized";
  EXPECT_EQ(host.raw("802000000430303030"), "63C2");
  EXPECT_EQ(host.raw("802000000431323334"), "9000");
}

TEST_F(Content, the_applet_takes_store_data_by_itself_too) {
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000");
  ASSERT_EQ(host.select(kWalletApplet), "9000");
  EXPECT_EQ(host.raw("80E2800008"
                     "010105416C696365"),
            "9000");
  EXPECT_EQ(host.raw("80CA010100"), "416C6963659000");
}

TEST_F(Content, secrets_may_come_under_the_data_encryption_key) {
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000");
  ASSERT_EQ(host.send("80E62000", "0000" + lv(kWalletApplet) + "000000"), "009000");
  const std::string pin = to_hex(host.channel().encrypt_data(Secret::take(from_hex("31323334"))));
  EXPECT_EQ(host.send("80E2E800", "8201" + lv(pin)), "9000") << card.why();
  ASSERT_EQ(host.select(kWalletApplet), "9000");
  EXPECT_EQ(host.raw("802000000431323334"), "9000");
  EXPECT_EQ(host.raw("80E2E80003010100"), "6985");
}

TEST_F(Content, large_and_two_applets_and_a_library) {
  const Bytes transit = cap_code("transit-2.1.cap");
  ASSERT_EQ(transit.size(), 30514u);
  ASSERT_EQ(
      host.load("F0636172647703", "", transit, "B5D1B48347B27FCE03FE4834A3119264A3325491BCC39B0E908080BA670E2F2D", 223),
      "009000")
      << card.why();
  EXPECT_EQ(host.install("F0636172647703", "F063617264770301", "F063617264770301"), "009000");
  EXPECT_EQ(host.install("F0636172647703", "F063617264770302", "F063617264770399"), "009000");
  EXPECT_EQ(host.load("F0636172647702", "", cap_code("tools-1.2.cap")), "009000");
  EXPECT_EQ(host.install("F0636172647702", "F063617264770201", "F063617264770201"), "6A88") << "no applets in it";
}

TEST_F(Content, a_load_file_is_what_install_for_load_said) {
  const Bytes code = cap_code("wallet-1.0.cap");
  EXPECT_EQ(host.load("F0636172647709", "", code), "6A80") << "other package AID";
  EXPECT_EQ(host.load(kWallet, "", code, std::string(64, 'A')), "6A80") << "other hash";
  EXPECT_EQ(host.load(kWallet, "", code, "AABB"), "6A80") << "no hash at all";
  EXPECT_EQ(host.load(kWallet, "F0F0F0F0F0", code), "6A88") << "no such domain";
  EXPECT_EQ(host.load(kWallet, "", Bytes(500, 0x77)), "6A80") << "no components";
  EXPECT_EQ(host.load(kWallet, "", ByteView(code).first(code.size() - 1)), "6A80") << "cut";
  EXPECT_EQ(host.send("80F22002", "4F07" + std::string(kWallet)), "6A88") << "nothing is left of all this";
  EXPECT_EQ(host.load(kWallet, card.flavor().isd_aid.empty() ? "" : "A000000151000000", code), "009000");
  EXPECT_EQ(host.load(kWallet, "", code), "6985") << "there already";
}

TEST_F(Content, imports_have_to_be_there_and_hold_what_they_need) {
  const Bytes tools = cap_code("tools-1.2.cap");
  const Bytes user = small_package("F0636172647705", {"F063617264770501"}, {"A0000000620101", "F0636172647702"});
  EXPECT_EQ(host.load("F0636172647705", "", user), "6A80");
  ASSERT_EQ(host.load("F0636172647702", "", tools), "009000");
  ASSERT_EQ(host.load("F0636172647705", "", user), "009000");
  EXPECT_EQ(host.remove("F0636172647702"), "6985");
  EXPECT_EQ(host.remove("F0636172647705"), "009000");
  EXPECT_EQ(host.remove("F0636172647702"), "009000");
}

TEST_F(Content, the_extended_format_loads_and_installs) {
  const Bytes code = cap_code("pair-1.0-extended.cap");
  ASSERT_EQ(host.load("F0636172647710", "", code), "009000") << card.why();
  EXPECT_TRUE(host.install("F0636172647710", "F063617264771201", "F063617264771201").ends_with("9000")) << card.why();
  EXPECT_EQ(host.select("F063617264771201"), "9000");
}

TEST_F(Content, an_extended_file_that_is_cut_or_says_it_is_compact_is_refused) {
  const Bytes code = cap_code("pair-1.0-extended.cap");
  for (const size_t size : {size_t{3}, size_t{40}, size_t{70}, code.size() - 1}) {
    EXPECT_EQ(host.load("F0636172647710", "", Bytes(code.begin(), code.begin() + static_cast<ptrdiff_t>(size))), "6A80")
        << size;
  }
  Bytes compact = code;
  compact[9] = static_cast<uint8_t>(compact[9] & ~0x08);  // flags of the Header
  EXPECT_EQ(host.load("F0636172647710", "", compact), "6A80");
}

TEST_F(Content, blocks_come_in_order_and_end_where_c4_says) {
  const Bytes code = small_package(kWallet, {kWalletApplet}, {}, 100);
  const std::string for_load = lv(kWallet) + "00000000";
  Bytes file = {0xC4, static_cast<uint8_t>(0x81), static_cast<uint8_t>(code.size())};
  append(file, code);
  const std::string first = to_hex(ByteView(file).first(60));
  const std::string second = to_hex(ByteView(file).subspan(60));
  const auto present = [&] { return host.send("80F22002", "4F07" + std::string(kWallet)) != "6A88"; };

  EXPECT_EQ(host.send("80E80000", first), "6985") << "no INSTALL [for load]";
  ASSERT_EQ(host.send("80E60200", for_load), "009000");
  EXPECT_EQ(host.send("80E80001", first), "6A86") << "begins with block 0";
  EXPECT_EQ(host.send("80E80000", first), "6985") << "and the load is over";
  ASSERT_EQ(host.send("80E60200", for_load), "009000");
  ASSERT_EQ(host.send("80E80000", first), "009000");
  EXPECT_EQ(host.send("80E88001", second + "00"), "6A80") << "one byte too many";
  ASSERT_EQ(host.send("80E60200", for_load), "009000");
  ASSERT_EQ(host.send("80E80000", first), "009000");
  EXPECT_EQ(host.send("80E88001", second.substr(2)), "6A80") << "one too few";
  EXPECT_FALSE(present());
  ASSERT_EQ(host.send("80E60200", for_load), "009000");
  // The C4 header itself may be cut anywhere.
  EXPECT_EQ(host.send("80E80000", "C4"), "009000");
  EXPECT_EQ(host.send("80E80001", first.substr(2)), "009000");
  EXPECT_EQ(host.send("80E88002", second), "009000") << card.why();
  EXPECT_TRUE(present());
}

TEST_F(Content, a_dap_block_needs_its_domain_and_a_hash) {
  make_domain(kSsd, "C00000");
  const Bytes code = small_package(kWallet, {kWalletApplet});
  const std::string dap = "E20E4F08" + std::string(kSsd) + "C302AABB";
  const std::string file = dap + "C4" + lv(to_hex(code));
  const std::string hash = to_hex(crypto::digest(crypto::Hash::sha256, code));
  ASSERT_EQ(host.send("80E60200", lv(kWallet) + "00" + lv(hash) + "0000"), "009000");
  EXPECT_EQ(host.send("80E88000", file), "6985") << "it has no key to check it with";
  ASSERT_EQ(host.send("80E60200", lv(kWallet) + "00000000"), "009000");
  EXPECT_EQ(host.send("80E88000", file), "6A80");
  ASSERT_EQ(host.send("80E60200", lv(kWallet) + "00" + lv(hash) + "0000"), "009000");
  EXPECT_EQ(host.send("80E88000", "E20E4F08F0F0F0F0F0F0F0F0C302AABBC4" + lv(to_hex(code))), "6A88");
}

TEST_F(Content, load_install_and_make_selectable_in_one) {
  const Bytes code = small_package(kWallet, {kWalletApplet});
  ASSERT_EQ(host.send("80E60E01", lv(kWallet) + "00000000"), "009000") << card.why();
  ASSERT_EQ(host.send("80E88000", "C4" + lv(to_hex(code))), "009000") << card.why();
  EXPECT_EQ(host.send("80F22002", "4F07" + std::string(kWallet)), "6A88") << "it is not there before the last INSTALL";
  ASSERT_EQ(host.send("80E60E03", lv("") + lv(kWalletApplet) + lv(kWalletApplet) + "0100" + "02C900" + "00"), "009000")
      << card.why();
  EXPECT_TRUE(host.send("80F22002", "4F07" + std::string(kWallet)).ends_with("9000"));
  EXPECT_EQ(host.select(kWalletApplet), "9000");
}

TEST_F(Content, install_first_and_make_selectable_later) {
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000");
  ASSERT_EQ(host.send("80E60400", lv(kWallet) + lv(kWalletApplet) + lv("F0F1F2F3F4") + "0100" + "02C900" + "00"),
            "009000");
  EXPECT_EQ(Host(card).raw("00A4040005F0F1F2F3F4"), "6A82");
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  EXPECT_EQ(host.send("80E60800", "0000" + lv("F0F1F2F3F4") + "0100" + "00" + "00"), "009000") << card.why();
  EXPECT_EQ(host.send("80E60800", "0000" + lv("F0F1F2F3F4") + "0100" + "00" + "00"), "6985");
  EXPECT_EQ(host.select("F0F1F2F3F4"), "9000");
}

TEST_F(Content, install_refuses_what_does_not_fit_together) {
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000");
  EXPECT_EQ(host.install("F0F0F0F0F0", kWalletApplet, kWalletApplet), "6A88");
  EXPECT_EQ(host.install(kWallet, "F0F0F0F0F0", kWalletApplet), "6A88");
  EXPECT_EQ(host.install(kWallet, kWalletApplet, "F0F0"), "6A80");
  EXPECT_EQ(host.install(kWallet, kWalletApplet, "A000000151000000"), "6985");
  EXPECT_EQ(host.install(kWallet, kWalletApplet, kWallet), "6985") << "the load file's AID";
  EXPECT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet, "8000"), "6A80") << "two bytes of privileges";
  EXPECT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet, "80"), "6A80") << "an applet is no domain";
  EXPECT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet, "004000"), "6A80") << "management without domain";
  EXPECT_EQ(host.create_domain(kSsd, "00"), "6A80") << "a domain without the privilege";
  EXPECT_EQ(host.create_domain(kSsd, "A04000"), "6A80") << "both managements";
  EXPECT_EQ(host.create_domain(kSsd, "800000",
                               "C9048102"
                               "0499"),
            "6A80")
      << "SCP04";
  EXPECT_EQ(host.create_domain(kSsd, "800000", "EF04C801AA"), "6A80");
  EXPECT_EQ(host.send("80E60C00", lv(kWallet) + lv(kWalletApplet) + lv(kWalletApplet) + "0100" + "02C900" + "02AABB"),
            "6985")
      << "a token, where the provider itself is there";
  EXPECT_EQ(host.send("80E60300", "00"), "6A86");
}

TEST_F(Content, domains_nest_and_each_manages_its_own) {
  make_domain(kSsd);
  const std::string inner = "F063617264770002";
  ASSERT_EQ(host.enter(kSsd, domain_keys()), "9000");
  ASSERT_EQ(host.create_domain(inner), "009000") << card.why();
  // The innermost has no keys: its parent's open it.
  ASSERT_EQ(host.enter(inner, domain_keys()), "9000") << card.why();
  EXPECT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "6985") << "not PERSONALIZED yet";
  ASSERT_TRUE(host.put_aes_keys(0x32, kTestKey).ends_with("9000"));
  ASSERT_EQ(host.enter(inner, test_keys(0x32, crypto::KeyType::aes)), "9000");
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000") << card.why();
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000") << card.why();
  EXPECT_EQ(host.send("80F28002", "4F00"), "6A88") << "the issuer is not below it";
  EXPECT_EQ(host.send("80F24002", "4F08" + std::string(kSsd)), "6A88") << "nor is its parent";

  ASSERT_EQ(host.enter(kSsd, domain_keys()), "9000");
  EXPECT_NE(host.send("80F24002", "4F00").find(kWalletApplet), std::string::npos) << "the parent sees it";
  EXPECT_EQ(host.remove(inner), "6985") << "it has content";
  EXPECT_EQ(host.remove(kSsd), "6985") << "and nobody deletes himself";
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  EXPECT_EQ(host.remove(kWallet, "80"), "009000") << card.why();
  EXPECT_EQ(host.remove(inner), "009000");
  EXPECT_EQ(host.remove(kSsd), "009000");
}

TEST_F(Content, a_domain_without_management_privileges_manages_nothing) {
  make_domain(kSsd, "80");
  ASSERT_EQ(host.enter(kSsd, domain_keys()), "9000");
  EXPECT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "6985");
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  make_domain("F063617264770002", "A00000");
  ASSERT_EQ(host.enter("F063617264770002", domain_keys()), "9000");
  EXPECT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "6985") << "Delegated Management without a token";
}

TEST_F(Content, the_issuer_loads_into_a_domain_that_lets_it) {
  const Bytes code = cap_code("wallet-1.0.cap");
  ASSERT_EQ(host.create_domain(kSsd), "009000");
  EXPECT_EQ(host.load(kWallet, kSsd, code), "6985") << "not PERSONALIZED";
  ASSERT_EQ(host.remove(kSsd), "009000");
  make_domain(kSsd, "804000", "C903820100");
  EXPECT_EQ(host.load(kWallet, kSsd, code), "6985") << "C9 82 00: nobody";
  ASSERT_EQ(host.remove(kSsd), "009000");
  make_domain(kSsd, "804000", "C90482022020");
  ASSERT_EQ(host.load(kWallet, kSsd, code), "009000") << card.why();
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000") << card.why();
  EXPECT_TRUE(host.send("80F24002", "4F08" + std::string(kWalletApplet)).ends_with("CC08" + std::string(kSsd) + "9000"))
      << "an application inherits its load file's domain";
}

TEST_F(Content, extradition_moves_content_that_both_sides_let_go) {
  make_domain(kSsd);
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000");
  const auto move = [&](const std::string& to, const std::string& what) {
    return host.send("80E61000", lv(to) + "00" + lv(what) + "00" + "00" + "00");
  };
  ASSERT_EQ(move(kSsd, kWalletApplet), "009000") << card.why();
  EXPECT_TRUE(
      host.send("80F24002", "4F08" + std::string(kWalletApplet)).ends_with("CC08" + std::string(kSsd) + "9000"));
  EXPECT_EQ(move("F0F0F0F0F0", kWalletApplet), "6A88");
  EXPECT_EQ(move(kSsd, "F0F0F0F0F0"), "6A88");
  EXPECT_EQ(move(kWalletApplet, kWallet), "6A80") << "an applet is no domain";
  EXPECT_EQ(move(kSsd, kSsd), "6985") << "below itself";
  EXPECT_EQ(move(kSsd, "A000000151000000"), "6985") << "the ISD stays";

  make_domain("F063617264770002", "804000", "C903870100");
  ASSERT_EQ(move("F063617264770002", kWallet), "009000");
  EXPECT_EQ(move(kSsd, kWallet), "6985") << "C9 87 00: it does not let go";
  make_domain("F063617264770003", "C00000");
  EXPECT_EQ(move("F063617264770003", kWalletApplet), "009000");
  ASSERT_EQ(host.load("F0636172647702", "", cap_code("tools-1.2.cap")), "009000");
  EXPECT_EQ(move("F063617264770003", "F0636172647702"), "6985") << "DAP Verification takes no load files";
}

TEST_F(Content, registry_update_gives_privileges) {
  ASSERT_EQ(host.create_domain(kSsd, "80"), "009000");
  const auto update = [&](const std::string& aid, const std::string& privileges) {
    return host.send("80E64000", "0000" + lv(aid) + lv(privileges) + "00" + "00");
  };
  EXPECT_EQ(update(kSsd, "804000"), "009000") << card.why();
  EXPECT_NE(host.send("80F24002", "4F08" + std::string(kSsd)).find("C503804000"), std::string::npos);
  EXPECT_EQ(update(kSsd, "00"), "6A80") << "a domain stays a domain";
  EXPECT_EQ(update("F0F0F0F0F0", "00"), "6A88");
}

TEST_F(Content, deleting_wants_nothing_that_hangs_on_it) {
  ASSERT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000");
  ASSERT_EQ(host.install(kWallet, kWalletApplet, kWalletApplet), "009000");
  EXPECT_EQ(host.remove(kWallet), "6985") << "has an instance";
  EXPECT_EQ(host.remove("A000000151000000"), "6985") << "the ISD";
  EXPECT_EQ(host.remove("F0F0F0F0F0"), "6A88");
  EXPECT_EQ(host.send("80E40001", "4F08" + std::string(kWalletApplet)), "6A86");
  EXPECT_EQ(host.send("80E40000", "5A01AA"), "6A80");

  // Selected on another channel.
  EXPECT_EQ(host.raw("0070000001"), "019000");
  EXPECT_EQ(Host(card, 1).select(kWalletApplet), "9000");
  EXPECT_EQ(host.remove(kWalletApplet), "6985");
  EXPECT_EQ(host.raw("00708001"), "9000");
  EXPECT_EQ(host.remove(kWallet, "80"), "009000") << card.why();
  EXPECT_EQ(host.send("80F24002", "4F00"), "6A88");
}

TEST_F(Content, deleting_gives_the_memory_back) {
  const size_t before = card.nvm_used();
  ASSERT_EQ(host.load("F0636172647703", "", cap_code("transit-2.1.cap")), "009000");
  EXPECT_GT(card.nvm_used(), before + 30000);
  ASSERT_EQ(host.remove("F0636172647703"), "009000");
  EXPECT_EQ(card.nvm_used(), before);
}

TEST(Memory, a_card_that_is_full_says_6A84_and_keeps_what_it_had) {
  Flavor f = flavor("generic");
  f.nvm_bytes = 20000;
  Card card(f);
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  EXPECT_EQ(host.load("F0636172647703", "", cap_code("transit-2.1.cap")), "6A84");
  EXPECT_TRUE(host.send("80F28002", "4F00").ends_with("9000")) << "the session goes on";
  EXPECT_EQ(host.send("80E60200", lv(kWallet) + "0000" + lv("EF06C60400010000") + "00"), "6A84") << "announced size";
  int created = 0;
  std::string status;
  do {
    status = host.create_domain("F0636172647700" + to_hex(static_cast<uint8_t>(created)));
    ++created;
  } while (status == "009000" && created < 100);
  EXPECT_EQ(status, "6A84");
  EXPECT_LE(card.nvm_used(), f.nvm_bytes);
  EXPECT_EQ(host.remove("F063617264770000"), "009000");
  EXPECT_EQ(host.create_domain("F063617264770077"), "009000");
}

TEST(Memory, ram_runs_out_too) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  EXPECT_EQ(host.create_domain(kSsd, "80", "EF04C7021800C900"), "009000");
  EXPECT_EQ(host.create_domain("F063617264770002", "80", "EF04C7021800C900"), "6A84") << card.why();
}

TEST(Memory, resources_are_told_by_ff21) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw("80CAFF2100").substr(0, 12), "FF210F810100");
}

TEST(LoadFailures, a_card_may_lock_after_some) {
  Flavor f = flavor("generic");
  f.card_state = 0x0F;
  f.load_failures = 3;
  Card card(f);
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  for (int at = 0; at < 2; ++at) EXPECT_EQ(host.load(kWallet, "", Bytes(40, 0x77)), "6A80");
  EXPECT_EQ(host.load(kWallet, "", cap_code("wallet-1.0.cap")), "009000") << "a good one forgives";
  for (int at = 0; at < 3; ++at) EXPECT_EQ(host.load("F0F0F0F0F0", "", Bytes(40, 0x77)), "6A80");
  EXPECT_EQ(host.select(""), "6283");
}

}  // namespace
}  // namespace cw::se
