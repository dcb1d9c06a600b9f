#include "crypto/aes.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/kdf.h"

namespace cw::crypto {
namespace {

Secret hex_secret(std::string_view hex) { return Secret::take(from_hex(hex)); }
std::string hex(const Block16& block) { return to_hex(block); }

constexpr const char* kRfcKey = "2B7E151628AED2A6ABF7158809CF4F3C";
constexpr const char* kRfcMessage =
    "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51"
    "30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710";

/// OpenSSL's own CMAC: the oracle.
Bytes evp_cmac(const Bytes& key, const Bytes& message) {
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
  std::string cipher = "AES-" + std::to_string(key.size() * 8) + "-CBC";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher.data(), 0),
                         OSSL_PARAM_construct_end()};
  Bytes out(16);
  size_t size = 0;
  EXPECT_EQ(EVP_MAC_init(context, key.data(), key.size(), params), 1);
  EXPECT_EQ(EVP_MAC_update(context, message.data(), message.size()), 1);
  EXPECT_EQ(EVP_MAC_final(context, out.data(), &size, out.size()), 1);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(algorithm);
  return out;
}

TEST(Aes, cmac_of_rfc_4493) {
  const Aes aes(hex_secret(kRfcKey));
  const Bytes message = from_hex(kRfcMessage);
  EXPECT_EQ(hex(aes.cmac(ByteView())), "BB1D6929E95937287FA37D129B756746");
  EXPECT_EQ(hex(aes.cmac(ByteView(message).first(16))), "070A16B46B4D4144F79BDD9DD04A287C");
  EXPECT_EQ(hex(aes.cmac(ByteView(message).first(40))), "DFA66747DE9AE63030CA32611497C827");
  EXPECT_EQ(hex(aes.cmac(message)), "51F0BEBF7E3B9D92FC49741779363CFE");
}

TEST(Aes, cmac_agrees_with_openssl_for_every_length_however_it_is_cut) {
  for (size_t key_size : {16, 24, 32}) {
    const Bytes key(key_size, 0x5C);
    const Aes aes(Secret::copy(key));
    for (size_t size = 0; size < 1100; size += size < 70 || (size > 500 && size < 530) ? 1 : 37) {
      Bytes message(size);
      for (size_t k = 0; k < size; ++k) message[k] = static_cast<uint8_t>(k * 31);
      const size_t cut = size / 3;
      const ByteView all(message);
      EXPECT_EQ(hex(aes.cmac({all.first(cut), {}, all.subspan(cut)})), to_hex(evp_cmac(key, message))) << size;
    }
  }
}

// NIST SP 800-38A F.2.1, F.2.2.
TEST(Aes, cbc_of_sp_800_38a_in_both_directions) {
  const Aes aes(hex_secret(kRfcKey));
  Block16 iv;
  for (size_t k = 0; k < 16; ++k) iv[k] = static_cast<uint8_t>(k);
  const Bytes plain = from_hex(kRfcMessage);
  const Bytes cipher = aes.cbc_encrypt(iv, plain);
  EXPECT_EQ(to_hex(cipher),
            "7649ABAC8119B246CEE98E9B12E9197D5086CB9B507219EE95DB113A917678B2"
            "73BED6B8E3C1743B7116E69E222295163FF1CAA1681FAC09120ECA307586E1A7");
  EXPECT_EQ(aes.cbc_decrypt(iv, cipher), plain);
}

TEST(Aes, no_call_depends_on_the_call_before) {
  const Aes used(hex_secret(kRfcKey));
  Block16 iv{};
  for (uint8_t n = 0; n < 20; ++n) {
    const Aes fresh(hex_secret(kRfcKey));
    const Bytes data(16 * (1 + n % 4), n);
    iv[3] = n;
    EXPECT_EQ(used.cbc_encrypt(iv, data), fresh.cbc_encrypt(iv, data));
    EXPECT_EQ(used.cmac(data), fresh.cmac(data));
    EXPECT_EQ(used.cbc_decrypt(iv, data), fresh.cbc_decrypt(iv, data));
    EXPECT_EQ(used.encrypt_block(iv), fresh.encrypt_block(iv));
  }
}

TEST(Aes, works_in_place) {
  const Aes aes(hex_secret(kRfcKey));
  Bytes data = from_hex(kRfcMessage);
  const Bytes expected = aes.cbc_encrypt({}, data);
  aes.cbc_encrypt({}, data, data);
  EXPECT_EQ(data, expected);
  aes.cbc_decrypt({}, data, data);
  EXPECT_EQ(to_hex(data), kRfcMessage);
}

TEST(Aes, a_secret_is_padded_with_80) {
  const Aes aes(hex_secret(kRfcKey));
  EXPECT_EQ(aes.cbc_encrypt_padded({}, hex_secret("0102")),
            aes.cbc_encrypt({}, from_hex("01028000000000000000000000000000")));
  EXPECT_EQ(aes.cbc_encrypt_padded({}, Secret::copy(Bytes(16))).size(), 32u);
  EXPECT_EQ(aes.cbc_encrypt({}, Secret::copy(Bytes(16))), aes.cbc_encrypt({}, Bytes(16)));
}

TEST(Aes, refuses_other_key_lengths_and_broken_blocks) {
  for (size_t size : {0, 8, 15, 17, 33}) EXPECT_THROW(Aes{Secret::copy(Bytes(size))}, Error) << size;
  const Aes aes(hex_secret(kRfcKey));
  EXPECT_EQ(aes.key_size(), 16u);
  EXPECT_THROW(aes.cbc_encrypt({}, Bytes(15)), Error);
  EXPECT_THROW(aes.cbc_decrypt({}, Bytes(17)), Error);
  EXPECT_TRUE(aes.cbc_encrypt({}, Bytes()).empty());
}

TEST(Kdf, input_is_label_constant_separator_length_counter_context) {
  const Bytes key(16, 0x33), context(16, 0x44);
  Bytes out(24);
  scp03_derive(Aes(Secret::copy(key)), 0x06, context, out);
  const Bytes block1 = evp_cmac(key, concat({from_hex("0000000000000000000000 06 00 00C0 01"), context}));
  const Bytes block2 = evp_cmac(key, concat({from_hex("0000000000000000000000 06 00 00C0 02"), context}));
  EXPECT_EQ(to_hex(out), (to_hex(block1) + to_hex(block2)).substr(0, 48));
}

}  // namespace
}  // namespace cw::crypto
