#include "crypto/key_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::crypto {
namespace {

constexpr const char* kKey = "404142434445464748494A4B4C4D4E4F";

FileKeyStore parse(std::string_view text) { return FileKeyStore::parse(Secret::copy(view(text)), "keys.txt"); }

std::string refusal(std::string_view text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.message().find("40414243"), std::string::npos) << "a key in: " << error.message();
    return error.message();
  }
  return "accepted";
}

const std::string kGood = std::string("# the issuer's keys\n\n[isd]\r\ntype = aes\nversion = 30   # as delivered\n") +
                          "enc = " + kKey + "\nmac=" + kKey + "\n  dek = " + kKey +
                          "\n[acme.master]\ntype = des\nmaster = " + kKey + "\ndiversification = visa2";

TEST(KeyStore, reads_sets_and_master_keys) {
  const auto store = parse(kGood);
  EXPECT_EQ(store.names(), (std::vector<std::string>{"isd", "acme.master"}));
  const auto isd = store.find("isd");
  EXPECT_EQ(isd.version, 0x30);
  EXPECT_EQ(isd.enc->type(), KeyType::aes);
  EXPECT_TRUE(matches(isd.dek->material(), from_hex(kKey)));
  EXPECT_TRUE(isd.diversification.empty());
  const auto master = store.find("acme.master");
  EXPECT_EQ(master.version, 0x00);
  EXPECT_EQ(master.diversification, "visa2");
  EXPECT_EQ(master.enc, master.mac);
  EXPECT_TRUE(parse("").names().empty());
}

TEST(KeyStore, has_single_keys_beside_the_sets) {
  const std::string single = kGood + "\n[acme.kek]\ntype = aes\nkey = " + kKey + "\n";
  const auto store = parse(single);
  EXPECT_TRUE(matches(store.find_key("acme.kek")->material(), from_hex(kKey)));
  EXPECT_EQ(store.names(), (std::vector<std::string>{"isd", "acme.master", "acme.kek"}));
  EXPECT_THROW(store.find("acme.kek"), Error);
  EXPECT_THROW(store.find_key("isd"), Error);
  EXPECT_NE(refusal(single + "[acme.kek]\ntype = aes\nkey = " + kKey).find("there twice"), std::string::npos);
  EXPECT_NE(refusal(single + "version = 30").find("keep one or the other"), std::string::npos);
  EXPECT_NE(refusal(single + "enc = " + kKey).find("keep one or the other"), std::string::npos);
  EXPECT_NE(refusal("[kek]\nkey = " + std::string(kKey)).find("has no type"), std::string::npos);
}

TEST(KeyStore, an_unknown_name_brings_the_near_one) {
  try {
    parse(kGood).find("acme.mastre");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("'acme.master'"), std::string::npos) << error.message();
  }
}

TEST(KeyStore, every_mistake_names_file_and_line_and_no_value) {
  const std::string k(kKey);
  const struct {
    std::string text, place, what;
  } table[] = {
      {"type = aes", "keys.txt:1:", "before the first"},
      {"[isd]\n" + k, "keys.txt:2:", "field = value"},
      {"[is d]", "keys.txt:1:", "[name]"},
      {"[a/b/c]", "keys.txt:1:", "[name]"},
      {"[/isd]", "keys.txt:1:", "[name]"},
      {"[acme/]", "keys.txt:1:", "[name]"},
      {"[isd", "keys.txt:1:", "[name]"},
      {"[]", "keys.txt:1:", "[name]"},
      {"[isd]\ntype = " + k, "keys.txt:2:", "none of: des aes rsa ec sm2"},
      {"[isd]\n" + k + " = enc", "keys.txt:2:", "unknown field"},
      {"[isd]\ntype = aes\ntype = aes", "keys.txt:3:", "twice"},
      {"[isd]\nversion = " + k, "keys.txt:2:", "two hexadecimal digits"},
      {"[isd]\ndiversification = " + k, "keys.txt:2:", "none of"},
      {"[isd]\ntype = aes\nenc = " + k + "4", "keys.txt:3:", "not hexadecimal"},
      {"[isd]\ntype = aes\nenc = " + k + "zz", "keys.txt:3:", "not hexadecimal"},
      {"[isd]\ntype = aes\nenc =", "keys.txt:3:", "not hexadecimal"},
      {"\n[isd]\ntype = aes\nenc = " + k + "\nmac = " + k, "keys.txt:2:", "no dek"},
      {"[isd]\nenc = " + k + "\nmac = " + k + "\ndek = " + k, "keys.txt:1:", "no type"},
      {"[isd]\ntype = aes\nenc = " + k + "40\nmac = " + k + "\ndek = " + k, "keys.txt:3:", "enc: AES key of 17 bytes"},
      {"[m]\ntype = des\nmaster = " + k, "keys.txt:1:", "no diversification"},
      {"[m]\ntype = des\nmaster = " + k + "\nenc = " + k + "\ndiversification = emv",
       "keys.txt:1:", "one or the other"},
      {kGood + "\n[isd]", "keys.txt:13:", "twice"},
      {"[t]\ntype = ec\npublic = " + k, "keys.txt:1:", "needs the field curve"},
      {"[t]\ntype = ec\ncurve = p255\npublic = " + k, "keys.txt:3:", "none of: p256 p384 p521"},
      {"[t]\ntype = ec\ncurve = p256\npublic = " + k, "keys.txt:4:", "no point"},
      {"[t]\ntype = ec\ncurve = p256\nprivate = " + k, "keys.txt:4:", "16 bytes, not 32"},
      {"[t]\ntype = ec\n", "keys.txt:1:", "needs private or public"},
      {"[t]\ntype = rsa\nprivate = not.there", "keys.txt:3:", "not.there"},
      {"[t]\ntype = rsa\npublic = " + k, "keys.txt:3:", "is a PEM file"},
      {"[t]\ntype = rsa\nmodulus = " + k + "41\nexponent = 03", "keys.txt:3:", "no RSA key"},
      {"[t]\ntype = aes\nkey = " + k + "\nmac = " + k, "keys.txt:1:", "keep one or the other"},
      {"[t]\ntype = aes\nkey = " + k + "\ncurve = p256", "keys.txt:4:", "has no field curve"},
      {"[t]\ntype = aes\nkey = " + k + "40", "keys.txt:3:", "17 bytes"},
      {"[t]\nkey = " + k, "keys.txt:1:", "no type"},
  };
  for (const auto& row : table) {
    const std::string message = refusal(row.text);
    EXPECT_EQ(message.substr(0, row.place.size()), row.place) << message;
    EXPECT_NE(message.find(row.what), std::string::npos) << message;
  }
}

TEST(KeyStore, single_keys_that_sign_are_found_apart_from_sets) {
  const auto store = parse(kGood + "\n[issuer.receipt]\ntype = aes\nkey = " + kKey);
  EXPECT_EQ(store.names(), (std::vector<std::string>{"isd", "acme.master", "issuer.receipt"}));
  EXPECT_EQ(store.find_signing_key("issuer.receipt")->algorithm(), SigningAlgorithm::aes_cmac);
  for (const char* name : {"issuer.reciept", "isd"}) {
    try {
      store.find_signing_key(name);
      FAIL();
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("it has: issuer.receipt"), std::string::npos) << error.message();
    }
  }
  EXPECT_THROW(store.find("issuer.receipt"), Error) << "one key opens no channel";
}

TEST(KeyStore, a_private_key_in_a_file_beside_it_is_read_and_its_mode_checked) {
  char folder[] = "/tmp/cw-keys-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::filesystem::path at(folder);
  constexpr const char* pem =
      "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIOdvAafF2oWz9Lozu/tXNWv5pHxQf9Knha/1yfzw0stoAoGCCqGSM49\n"
      "AwEHoUQDQgAEqWr8oE1xP4gwHSs+x1Vb8POdTopfifdFonk6n5a+HiwBDi8AllBi\nKqO20yHcvwVOhJwGRv2xCmFGuH/7uXlbpw==\n"
      "-----END EC PRIVATE KEY-----\n";
  write_file_atomically(at / "token.pem", view(pem), true);
  write_file_atomically(at / "keys.txt", view("[token]\ntype = ec\nprivate = token.pem\n"), true);
  EXPECT_TRUE(FileKeyStore::load(at / "keys.txt").find_signing_key("token")->can_sign());
  ::chmod((at / "token.pem").c_str(), 0644);
  EXPECT_THROW(FileKeyStore::load(at / "keys.txt"), Error);
  write_file_atomically(at / "keys.txt", view("[token]\ntype = rsa\nprivate = token.pem\n"), true);
  ::chmod((at / "token.pem").c_str(), 0600);
  try {
    FileKeyStore::load(at / "keys.txt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("keys.txt:3: private: "), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("another type"), std::string::npos) << error.message();
  }
  std::filesystem::remove_all(folder);
}

TEST(KeyStore, a_file_that_others_may_read_is_refused) {
  char folder[] = "/tmp/cw-keys-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const auto path = std::filesystem::path(folder) / "keys.txt";
  write_file_atomically(path, view(kGood), true);
  EXPECT_EQ(FileKeyStore::load(path).names().size(), 2u);
  ::chmod(path.c_str(), 0640);
  EXPECT_THROW(FileKeyStore::load(path), Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cw::crypto
