// The key server with its master keys and KEK in a token: what is derived leaves it wrapped alone.
#include "../crypto/soft_token.h"
#include "base/error.h"
#include "base/hex.h"
#include "crypto/key_wrap.h"
#include "issuer/key_server_desk.h"

namespace cw::issuer {
namespace {

constexpr const char* kMaster = "404142434445464748494A4B4C4D4E4F";
constexpr const char* kKek = "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF";

std::shared_ptr<const crypto::Key> key(crypto::KeyType type, const char* hex) {
  return crypto::make_key(type, Secret::copy(from_hex(hex)));
}

class KeyServerToken : public crypto::SoftToken {};

TEST_F(KeyServerToken, the_published_check_values_and_the_same_wrapped_keys_as_in_software) {
  const auto token = crypto::Pkcs11KeyStore::open(uri());
  const auto aes = key(crypto::KeyType::aes, kMaster), des = key(crypto::KeyType::des, kMaster),
             kek = key(crypto::KeyType::aes, kKek);
  const auto master = [&](const char* name, const std::shared_ptr<const crypto::Key>& key, uint8_t version,
                          const char* method) {
    crypto::KeyRecord record{.name = name, .purpose = crypto::KeyPurpose::master, .version = version};
    record.diversification = method;
    token->put({record, {key}, {}});
  };
  master("ks.aes", aes, 0x30, "kdf3");
  master("ks.visa2", des, 0x20, "visa2");
  master("ks.emv", des, 0x22, "emv");
  token->put({{.name = "ks.kek", .purpose = crypto::KeyPurpose::kek}, {kek}, {}});
  KeyServerConfiguration configuration;
  configuration.masters = {{"aes", {0x00}, 0x30, "ks.aes", "kdf3"},
                           {"visa2", {0x00}, 0x20, "ks.visa2", "visa2"},
                           {"emv", {0x00}, 0x22, "ks.emv", "emv"}};
  const Tsm tsm{.id = "acme", .keks = {{1, {"ks.kek"}}}, .cards = {{0x00}}};
  const KeyServerDesk desk(configuration, *token);

  const std::pair<const char*, const char*> known[] = {
      {"E012C00401308810C00402308810C00403308810", "E79C05 D1BD77 3FDE8C"},
      {"E012C00401208010C00402208010C00403208010", "2BE598 58DA38 3C328E"},
      {"E012C00401228010C00402228010C00403228010", "C33013 6F4CA6 BB8179"}};
  for (const auto& [key_information, kcvs] : known) {
    const KeyServerAnswer answer = desk.answer(tsm, request_of({{}, "00010203040506070809", key_information, {}, "1"}));
    ASSERT_TRUE(std::holds_alternative<DiversifiedKeys>(answer)) << std::get<Refused>(answer).message;
    const auto& keys = std::get<DiversifiedKeys>(answer);
    EXPECT_EQ(to_hex(keys.kcvs[0]) + " " + to_hex(keys.kcvs[1]) + " " + to_hex(keys.kcvs[2]), kcvs);
    for (size_t i = 0; i < 3; ++i) {
      const crypto::WrappedKey expected{keys.type, 16, keys.kcvs[i]};
      EXPECT_NO_THROW(crypto::unwrap_key(*kek, crypto::WrapForm::aes_key_wrap, expected, keys.wrapped[i]));
    }
  }
}

}  // namespace
}  // namespace cw::issuer
