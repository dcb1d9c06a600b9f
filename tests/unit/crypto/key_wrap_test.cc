#include "crypto/key_wrap.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"

namespace cw::crypto {
namespace {

std::shared_ptr<const Key> aes(std::string_view hex) { return make_key(KeyType::aes, Secret::copy(from_hex(hex))); }
std::shared_ptr<const Key> des(std::string_view hex) { return make_key(KeyType::des, Secret::copy(from_hex(hex))); }

const std::string kCounting = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
const std::string kPlain = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F";

std::string refusal(const Key& kek, WrapForm form, const WrappedKey& expected, const std::string& wrapped) {
  try {
    unwrap_key(kek, form, expected, from_hex(wrapped));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message();
  }
  return "accepted";
}

TEST(KeyWrap, has_the_published_vectors_of_rfc_3394) {
  const struct {
    size_t kek;
    size_t key;
    const char* wrapped;
  } cases[] = {
      // section 4.1 to 4.6
      {16, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"},
      {24, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"},
      {32, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"},
      {24, 24, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"},
      {32, 24, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"},
      {32, 32, "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"},
  };
  for (const auto& one : cases) {
    const auto kek = aes(kCounting.substr(0, 2 * one.kek));
    const std::string key = kPlain.substr(0, 2 * one.key);
    EXPECT_EQ(to_hex(wrap_key(*kek, WrapForm::aes_key_wrap, *aes(key))), one.wrapped);
    const auto back = unwrap_key(*kek, WrapForm::aes_key_wrap, {KeyType::aes}, from_hex(one.wrapped));
    EXPECT_TRUE(matches(back->material(), from_hex(key)));
  }
}

// Made with the Python package cryptography 38: keys 40 41 .. under 10 11 ..
const std::string kKey = "404142434445464748494A4B4C4D4E4F5051525354555657";
const std::string kKek = "101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F";

TEST(KeyWrap, agrees_with_another_implementation_in_every_form) {
  const auto wide = aes(kKek), narrow = aes(kKek.substr(0, 32)), old = des(kKek.substr(0, 32));
  const auto aes192 = aes(kKey), aes128 = aes(kKey.substr(0, 32));
  const auto des2 = des(kKey.substr(0, 32)), des3 = des(kKey);
  const struct {
    const Key& kek;
    WrapForm form;
    const Key& key;
    const char* wrapped;
    const char* kcv;
  } cases[] = {
      {*wide, WrapForm::aes_key_wrap, *aes192, "C51D3F6360BE9B727B65C430662DC7C6F4126AB8E7DA89B18809C020C19A8FF1", ""},
      {*wide, WrapForm::aes_cbc, *aes192, "36E2762981526DF3B93E027FFE93AE02BB26ECF0A98E65CDB3BE9F416EF0338A", "FFCD73"},
      {*narrow, WrapForm::aes_cbc, *aes128, "424BD9B0EDC4EEA9ECB99122EB673042", "504A77"},
      {*old, WrapForm::des_ecb, *des2, "E4127E1D804074F0A91B760B0C36DF47", "8BAF47"},
      {*old, WrapForm::des_ecb, *des3, "E4127E1D804074F0A91B760B0C36DF4711D11CD6EF666376", ""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(to_hex(wrap_key(one.kek, one.form, one.key)), one.wrapped);
    const auto back = unwrap_key(one.kek, one.form, {one.key.type(), 0, from_hex(one.kcv)}, from_hex(one.wrapped));
    EXPECT_TRUE(same_key(*back, one.key)) << one.wrapped;
  }
}

TEST(KeyWrap, refuses_a_changed_one_and_one_under_another_key) {
  const auto kek = aes(kKek), other = aes(kCounting);
  const std::string good = "C51D3F6360BE9B727B65C430662DC7C6F4126AB8E7DA89B18809C020C19A8FF1";
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_NE(refusal(*kek, WrapForm::aes_key_wrap, {KeyType::aes}, changed).find("integrity check"),
              std::string::npos);
  }
  EXPECT_NE(refusal(*other, WrapForm::aes_key_wrap, {KeyType::aes}, good).find("integrity check"), std::string::npos);
  const std::string cbc = "36E2762981526DF3B93E027FFE93AE02BB26ECF0A98E65CDB3BE9F416EF0338A";
  EXPECT_NE(refusal(*other, WrapForm::aes_cbc, {KeyType::aes, 24}, cbc).find("padding"), std::string::npos);
}

TEST(KeyWrap, refuses_a_wrong_check_value_type_or_length) {
  const auto kek = aes(kKek.substr(0, 32)), old = des(kKek.substr(0, 32));
  const std::string wrapped = "424BD9B0EDC4EEA9ECB99122EB673042";
  EXPECT_EQ(refusal(*kek, WrapForm::aes_cbc, {KeyType::aes, 16, from_hex("504A77")}, wrapped), "accepted");
  for (const char* kcv : {"504A78", "504A", "504A7700"}) {
    EXPECT_NE(refusal(*kek, WrapForm::aes_cbc, {KeyType::aes, 16, from_hex(kcv)}, wrapped).find("check value"),
              std::string::npos);
  }
  EXPECT_NE(refusal(*kek, WrapForm::aes_cbc, {KeyType::aes, 32}, wrapped).find("no AES key of 32 bytes"),
            std::string::npos);
  EXPECT_NE(refusal(*old, WrapForm::aes_cbc, {KeyType::aes}, wrapped).find("needs an AES"), std::string::npos);
  EXPECT_NE(refusal(*kek, WrapForm::des_ecb, {KeyType::des}, wrapped).find("needs a DES"), std::string::npos);
  for (size_t size : {0, 1, 7, 8, 15, 17, 23, 25, 40, 64}) {
    for (const WrapForm form : {WrapForm::aes_key_wrap, WrapForm::aes_cbc}) {
      if (size == 40 && form == WrapForm::aes_key_wrap) continue;
      EXPECT_NE(refusal(*kek, form, {KeyType::aes}, std::string(2 * size, 'A')).find("are no AES key"),
                std::string::npos)
          << size;
    }
  }
}

TEST(KeyWrap, names_the_forms_there_are) {
  for (const WrapForm form : {WrapForm::aes_key_wrap, WrapForm::aes_cbc, WrapForm::des_ecb}) {
    EXPECT_EQ(wrap_form(name_of(form)), form);
  }
  EXPECT_THROW(wrap_form("aes-gcm"), Error);
}

TEST(Key, becomes_another_one_the_same_way_as_its_bytes_do) {
  const auto key = aes(kKey), old = des(kKek.substr(0, 32));
  const Bytes data = from_hex(kPlain);
  EXPECT_TRUE(same_key(*old->derive(Derivation::ecb, ByteView(data).first(16)),
                       *make_key(KeyType::des, old->encrypt_to_secret(ByteView(data).first(16)))));
  EXPECT_TRUE(same_key(*old->derive(Derivation::cbc, scp02_block(0x0181, 7)),
                       *make_key(KeyType::des, old->derive_scp02_key(0x0181, 7))));
  const Secret first = key->cmac_to_secret(ByteView(data).first(16)),
               second = key->cmac_to_secret(ByteView(data).last(16));
  EXPECT_TRUE(same_key(*key->derive(Derivation::cmac, data),
                       *make_key(KeyType::aes, prefix(join({{{}, &first}, {{}, &second}}), 24))));
  EXPECT_FALSE(same_key(*key, *aes(kKek)));
  EXPECT_FALSE(same_key(*old, *key));
}

}  // namespace
}  // namespace cw::crypto
