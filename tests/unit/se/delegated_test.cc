// Delegated management on the card: tokens, receipts, DAP. The tokens of kaoh/globalplatform and of OpenSSL, and
// receipts of OpenSSL's command line, were made by others over the same bytes.
#include "crypto/digest.h"
#include "crypto/signing_key.h"
#include "gp/dap.h"
#include "host_test.h"

namespace cw::se {
namespace {

const char* const kElf = "D0D1D2D3D4D501";
const char* const kApplet = "D0D1D2D3D4D50101";
const char* const kDomain = "020202020202";
const char* const kOther = "D4D4D4D4D4010101";
const char* const kReceiptKey = "404142434445464748494A4B4C4D4E5F";

const char* const kRsaModulus =
    "AE3866981CB87C56B694DA18D7CEAA45CC5A5AE5AFC3F5A2C730C3C5771DC02EBC0E09223AF1E439E3BB49B8035803F7"
    "3B61AFE45D314541C0EBDE382A1CAFE8FE2F4E77FBE27B76CE736FD6A9D8755BDADAFB5B83B450CECD4F9320146DBADA"
    "4A716AB49CD22DD631A71D04304D9DB3350604DB550E8C0C6F6E96E156025EDF";
const char* const kEcPoint =
    "04A96AFCA04D713F88301D2B3EC7555BF0F39D4E8A5F89F745A2793A9F96BE1E2C"
    "010E2F009650622AA3B6D321DCBF054E849C0646FDB10A6146B87FFBB9795BA7";
const char* const kEcNumber = "839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D";

class Delegated : public testing::Test {
 protected:
  explicit Delegated(const Flavor& flavor = se::flavor("generic")) : card(flavor), host(card) {
    card.reset();
    EXPECT_EQ(host.open(scp03_keys(), 0x03), "9000");
  }

  /// A keyed domain with these privileges; the host is back in the ISD.
  void make_domain(const std::string& aid, const std::string& privileges, const std::string& parameters = "C900") {
    ASSERT_EQ(host.create_domain(aid, privileges, parameters), "009000") << card.why();
    ASSERT_EQ(host.enter(aid, scp03_keys()), "9000") << card.why();
    ASSERT_TRUE(host.put_aes_keys(0x31, kTestKey).ends_with("9000")) << card.why();
    ASSERT_EQ(host.enter("", scp03_keys()), "9000") << card.why();
  }
  void enter_domain(const std::string& aid = kDomain) {
    ASSERT_EQ(host.enter(aid, test_keys(0x31, crypto::KeyType::aes)), "9000") << card.why();
  }
  std::string put_ec_key(uint8_t version) {
    return host.send("80D80001", to_hex(version) + "B041" + kEcPoint + "F0010000");
  }
  std::string put_secret_key(uint8_t version, crypto::KeyType type, const std::string& key) {
    const auto made = crypto::make_key(type, Secret::take(from_hex(key)));
    const Bytes encrypted = host.channel().encrypt_key(*made);
    const std::string size =
        type == crypto::KeyType::aes ? lv(to_hex(u8(made->size())) + to_hex(encrypted)) : lv(to_hex(encrypted));
    return host.send("80D80001",
                     to_hex(version) + to_hex(u8(static_cast<size_t>(type))) + size + "03" + to_hex(made->kcv()));
  }
  static uint8_t u8(size_t value) { return static_cast<uint8_t>(value); }

  /// The ISD checks tokens of the P-256 key and makes receipts with AES; a domain with Delegated Management is open.
  void prepare() {
    ASSERT_EQ(put_ec_key(0x70), "709000") << card.why();
    ASSERT_TRUE(put_secret_key(0x71, crypto::KeyType::aes, kReceiptKey).ends_with("9000")) << card.why();
    make_domain(kDomain, "A00000");
    enter_domain();
  }

  static Bytes input(const std::string& header, const std::string& data) {
    return from_hex(header.substr(4, 4) + lv(data));
  }
  Bytes token(const Bytes& message) const { return signer->sign(message); }
  /// INSTALL with its token.
  std::string install(const std::string& p1p2, const std::string& fields) {
    const std::string header = "80E6" + p1p2;
    return host.send(header, fields + lv(to_hex(token(input(header, fields)))));
  }
  std::string load_fields(ByteView block) const {
    return lv(kElf) + lv(kDomain) + lv(to_hex(crypto::digest(crypto::Hash::sha256, block))) + "00";
  }
  std::string load_blocks(ByteView file) {
    std::string status;
    uint8_t number = 0;
    for (size_t at = 0; at < file.size(); at += 200) {
      const bool last = at + 200 >= file.size();
      const ByteView part = file.subspan(at, std::min<size_t>(200, file.size() - at));
      status = host.send(std::string("80E8") + (last ? "80" : "00") + to_hex(number++), to_hex(part));
      if (!status.ends_with("9000")) break;
    }
    return status;
  }
  static Bytes load_file(ByteView block) {
    Bytes file = {0xC4, 0x82};
    append_be(file, block.size(), 2);
    append(file, block);
    return file;
  }
  static std::string install_fields() { return lv(kElf) + lv(kApplet) + lv(kApplet) + "0100" + "02C900"; }

  Card card;
  Host host;
  std::shared_ptr<const crypto::SigningKey> signer =
      crypto::make_signing_key(crypto::Curve::p256, Secret::take(from_hex(kEcNumber)));
  Bytes code = small_package(kElf, {kApplet});
};

TEST_F(Delegated, kaohs_load_token_is_accepted_with_kaohs_key) {
  ASSERT_EQ(host.send("80D80001", std::string("70A18180") + kRsaModulus + "A003010001" + "00"), "709000") << card.why();
  make_domain(kDomain, "A00000");
  enter_domain();
  const std::string fields =
      lv(kElf) + lv(kDomain) + lv("9C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A4") + "00";
  std::string by_kaoh =
      "0AD0701C8C9FA0AFA16E46A20406E062EDD1C9C1BAC20098DBACA15B81C67B7AB6300C39D3F751AC42BC719F61010904"
      "C2066E521446B125145525F6E1939BCE3843A65D033328ACB741D8A6AB87E258D4F99CCF3E11D8C8FCE6536969EA598E"
      "50B425D225A619D4D94FE6A74E366D2821CAAFE28843CFB714B1FDB971CC985D";
  EXPECT_EQ(host.send("80E60200", fields + "8180" + by_kaoh), "009000") << card.why();
  EXPECT_EQ(host.send("80E60200", fields + "80" + by_kaoh), "009000") << "128 may be written 80";
  by_kaoh.back() = 'C';
  EXPECT_EQ(host.send("80E60200", fields + "8180" + by_kaoh), "6A80");
}

TEST_F(Delegated, a_token_of_openssl_installs_and_the_receipts_are_those_of_openssl) {
  prepare();
  ASSERT_EQ(install("0200", load_fields(code)), "009000") << card.why();
  EXPECT_EQ(load_blocks(load_file(code)), std::string("24") + "10" + "1F0BEDF2EC8129444C049D36AAF48D1D" +
                                              "0200000F000000000100000000000000000001" + "9000");
  EXPECT_EQ(
      host.send("80E60C00", install_fields() + "40" +
                                "CC0FC53465DAA92F221E82ABDEF3B1B77D194F863A853EE506384762CB6AEF75"
                                "3A2B4C7DA1E3BB48C7B7DCE297F4D60BD4D68BC6246B9FF9FC133411EA0B6CAE"),
      std::string("24") + "10" + "AE75C8407F3DCE16DDD8BC56FC6FEF21" + "0200010F000000000100000000000000000001" + "9000")
      << card.why();
}

TEST_F(Delegated, no_token_a_token_of_other_data_and_a_load_without_hash_are_refused) {
  prepare();
  EXPECT_EQ(host.send("80E60200", load_fields(code) + "00"), "6985");
  const Bytes of_another = token(input("80E60200", load_fields(Bytes(100))));
  EXPECT_EQ(host.send("80E60200", load_fields(code) + lv(to_hex(of_another))), "6A80");
  EXPECT_EQ(install("0200", lv(kElf) + lv(kDomain) + "0000"), "6A80") << "the hash is mandatory";
  EXPECT_EQ(host.send("80E60200", load_fields(code) + lv(to_hex(token(input("80E60C00", load_fields(code)))))), "6A80")
      << "P1 is signed";
  EXPECT_EQ(host.send("80CA00C2"), "6A88") << "the domain makes no receipts";
}

TEST_F(Delegated, authorized_management_needs_no_token_and_takes_none) {
  prepare();
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  EXPECT_EQ(install("0200", load_fields(code)), "6985");
  EXPECT_EQ(host.send("80E60200", load_fields(code) + "00"), "009000") << card.why();
  EXPECT_EQ(load_blocks(load_file(code)), "009000") << "and there is no receipt";
}

TEST_F(Delegated, a_domain_does_not_check_the_tokens_of_its_own_content) {
  make_domain(kDomain, "A02000");
  enter_domain();
  ASSERT_EQ(put_ec_key(0x70), "709000") << card.why();
  EXPECT_EQ(install("0200", load_fields(code)), "6985") << card.why();
}

TEST_F(Delegated, without_a_token_key_no_token_can_be_right) {
  make_domain(kDomain, "A00000");
  enter_domain();
  EXPECT_EQ(install("0200", load_fields(code)), "6985");
  EXPECT_NE(card.why().find("token key"), std::string::npos);
}

TEST_F(Delegated, all_that_is_delegated_takes_its_token_and_is_confirmed) {
  prepare();
  ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  make_domain(kOther, "A00000", "C9038201F8");  // accepts from every domain, with Delegated Management too
  enter_domain();
  ASSERT_EQ(install("0200", load_fields(code)), "009000");
  ASSERT_TRUE(load_blocks(load_file(code)).ends_with("9000")) << card.why();
  const std::string only_install = lv(kElf) + lv(kApplet) + lv(kApplet) + "0100" + "02C900";
  EXPECT_TRUE(install("0400", only_install).starts_with("2410")) << card.why();
  EXPECT_TRUE(install("0800", std::string("0000") + lv(kApplet) + "0100" + "00").starts_with("2410")) << card.why();
  EXPECT_TRUE(install("4000", std::string("0000") + lv(kApplet) + "0100" + "00").starts_with("2410")) << card.why();
  EXPECT_TRUE(install("1000", lv(kOther) + "00" + lv(kApplet) + "0000").starts_with("2410")) << card.why();

  enter_domain(kOther);
  const auto remove = [&](const std::string& aid, const std::string& reference = "") {
    const std::string data = "4F" + lv(aid) + reference;
    return host.send("80E40000", data + "9E" + lv(to_hex(token(input("80E40000", data)))));
  };
  EXPECT_EQ(host.send("80E40000", "4F" + lv(kApplet)), "6985");
  EXPECT_EQ(host.send("80E40000", "4F" + lv(kApplet) + "9E" + lv(to_hex(token(input("80E40080", "4F" + lv(kApplet)))))),
            "6A80")
      << "P2 is signed";
  EXPECT_TRUE(remove(kApplet).starts_with("2410")) << card.why();
  enter_domain();
  // The identifier of the token comes back in the confirmation (11.1.6), and counts for the receipt.
  const std::string confirmed = remove(kElf,
                                       "B605930354"
                                       "0102");
  EXPECT_TRUE(confirmed.starts_with("2810")) << confirmed << card.why();
  EXPECT_TRUE(
      confirmed.ends_with("0200060F000000000100000000000000000001"
                          "03540102"
                          "9000"))
      << confirmed;
}

TEST_F(Delegated, a_combined_load_has_one_token_over_both_installs) {
  prepare();
  const std::string first = load_fields(code), last = install_fields();
  const Bytes both = concat({input("80E60E01", first), input("80E60E03", last)});
  ASSERT_EQ(host.send("80E60E01", first + lv(to_hex(token(both)))), "6A80") << "the token comes in the last one";
  for (const bool right : {false, true}) {
    ASSERT_EQ(host.send("80E60E01", first + "00"), "009000") << card.why();
    ASSERT_EQ(load_blocks(load_file(code)), "009000") << card.why();
    const std::string answer = host.send("80E60E03", last + lv(to_hex(token(right ? both : input("80E60E03", last)))));
    EXPECT_EQ(answer.substr(0, 4), right ? "2410" : "6A80") << card.why();
  }
}

TEST_F(Delegated, a_token_names_whom_it_is_for) {
  prepare();
  const auto fields = [&](const std::string& reference) {
    return lv(kElf) + lv(kDomain) + lv(to_hex(crypto::digest(crypto::Hash::sha256, code))) + lv("B6" + lv(reference));
  };
  EXPECT_EQ(install("0200", fields("42050000000001")), "009000") << card.why();
  EXPECT_EQ(install("0200", fields("42050000000002")), "6A80");
}

TEST_F(Delegated, des_and_aes_keys_check_tokens_too) {
  for (const auto type : {crypto::KeyType::des, crypto::KeyType::aes}) {
    Card fresh(flavor("generic"));
    Delegated::card = std::move(fresh);
    card.reset();
    ASSERT_EQ(host.enter("", scp03_keys()), "9000");
    ASSERT_TRUE(put_secret_key(0x70, type, kReceiptKey).ends_with("9000")) << card.why();
    make_domain(kDomain, "A00000");
    enter_domain();
    signer = crypto::make_signing_key(type, Secret::take(from_hex(kReceiptKey)));
    EXPECT_EQ(install("0200", load_fields(code)), "009000") << card.why();
  }
}

TEST_F(Delegated, an_ecc_key_makes_receipts_too) {
  ASSERT_EQ(put_ec_key(0x70), "709000") << card.why();
  const auto number = crypto::make_key(crypto::KeyType::aes, Secret::take(from_hex(kEcNumber)));
  const std::string encrypted = to_hex(host.channel().encrypt_key(*number));
  ASSERT_EQ(host.send("80D80001", "71B1" + lv(encrypted) + "F0010000"), "719000") << card.why();
  make_domain(kDomain, "A00000");
  enter_domain();
  ASSERT_EQ(install("0200", load_fields(code)), "009000") << card.why();
  const Bytes answer = from_hex(load_blocks(load_file(code)));
  ASSERT_EQ(answer.size(), 1u + 1 + 64 + 19 + 2) << card.why();
  const Bytes confirmed = concat({ByteView(answer).subspan(66, 19), from_hex(lv(kElf) + lv(kDomain))});
  EXPECT_TRUE(signer->verify(confirmed, ByteView(answer).subspan(2, 64)));
}

class Digests : public Delegated {
 protected:
  static Flavor with_digest() {
    Flavor f = flavor("generic");
    f.receipts_have_digest = true;
    return f;
  }
  Digests() : Delegated(with_digest()) {}
};

TEST_F(Digests, a_card_may_say_what_the_token_was_over) {
  prepare();
  ASSERT_EQ(install("0200", load_fields(code)), "009000");
  const std::string digest = to_hex(crypto::digest(crypto::Hash::sha256, input("80E60200", load_fields(code))));
  EXPECT_TRUE(load_blocks(load_file(code)).ends_with("0020" + digest + "9000")) << "no identifier, then the digest";
}

TEST_F(Delegated, the_counter_is_read_kept_and_torn_with_its_command) {
  prepare();
  ASSERT_EQ(install("0200", load_fields(code)), "009000");
  ASSERT_TRUE(load_blocks(load_file(code)).ends_with("9000"));
  ASSERT_EQ(host.select(""), "9000");
  EXPECT_EQ(host.raw("80CA00C200"), "C20200019000");

  enter_domain();
  card.tear_next(Tear::inside);
  const std::string header = "80E60C00";
  card.process(host.channel()
                   .wrap({0x80, 0xE6, 0x0C, 0x00,
                          from_hex(install_fields() + lv(to_hex(token(input(header, install_fields()))))), 256, false})
                   .encode());
  card.reset();
  EXPECT_EQ(host.select(""), "9000");
  EXPECT_EQ(host.raw("80CA00C200"), "C20200019000") << "the installation did not happen, and was not confirmed";

  Card again = Card::load(card.save());
  again.reset();
  Host other(again);
  EXPECT_EQ(other.raw("80CA00C200"), "C20200019000");
}

class CountsFailures : public Delegated {
 protected:
  static Flavor counting() {
    Flavor f = flavor("generic");
    f.load_failures = 3;
    return f;
  }
  CountsFailures() : Delegated(counting()) {}
};

TEST_F(CountsFailures, wrong_tokens_count_as_failed_loads) {
  prepare();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(host.send("80E60200", load_fields(code) + lv(to_hex(Bytes(64, 0x11)))), "6A80");
  }
  EXPECT_EQ(host.select(kDomain), "6A82") << "the card is locked";
}

class Dap : public Delegated {
 protected:
  /// A domain that checks load files, under `privileges`.
  void checker(const std::string& privileges) {
    ASSERT_EQ(host.create_domain(kOther, privileges), "009000") << card.why();
    ASSERT_EQ(host.enter(kOther, scp03_keys()), "9000");
    ASSERT_TRUE(host.put_aes_keys(0x31, kTestKey).ends_with("9000"));
    ASSERT_EQ(put_ec_key(0x73), "739000") << card.why();
    ASSERT_EQ(host.enter("", scp03_keys()), "9000");
  }
  std::string load(const std::string& domain, const Bytes& blocks, const std::string& hash) {
    const std::string status = host.send("80E60200", lv(kElf) + lv(domain) + lv(hash) + "0000");
    if (!status.ends_with("9000")) return status;
    Bytes file = blocks;
    append(file, load_file(code));
    return load_blocks(file);
  }
  std::string hash() const { return to_hex(crypto::digest(crypto::Hash::sha256, code)); }
  Bytes block(const Bytes& signed_hash) const { return gp::dap_block({from_hex(kOther), signer->sign(signed_hash)}); }
};

TEST_F(Dap, a_mandated_dap_is_asked_of_every_load) {
  checker("C10000");
  EXPECT_EQ(load("", {}, hash()), "6985") << "none";
  EXPECT_EQ(load("", block(Bytes(32, 1)), hash()), "6A80") << "of another load file";
  Bytes wrong = block(from_hex(hash()));
  wrong.back() ^= 1;
  EXPECT_EQ(load("", wrong, hash()), "6A80");
  EXPECT_EQ(load("", block(from_hex(hash())), ""), "6A80") << "the hash is mandatory";
  EXPECT_EQ(load("", block(from_hex(hash())), hash()), "009000") << card.why();
}

TEST_F(Dap, a_domain_with_dap_verification_asks_it_of_its_own_content) {
  checker("C00000");
  EXPECT_EQ(load(kOther, {}, hash()), "6985");
  EXPECT_EQ(load("", {}, hash()), "009000") << "the issuer's is not concerned";
  ASSERT_EQ(host.remove(kElf), "009000");
  EXPECT_EQ(load(kOther, block(from_hex(hash())), hash()), "009000") << card.why();
}

TEST_F(Dap, a_domain_that_checks_nothing_cannot_be_named) {
  make_domain(kOther, "804000");
  EXPECT_EQ(load("", block(from_hex(hash())), hash()), "6985");
}

}  // namespace
}  // namespace cw::se
