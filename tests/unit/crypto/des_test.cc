// Published MACs are cases of tests/vectors; here is what they do not reach.
#include "crypto/des.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::crypto {
namespace {

Secret hex_secret(std::string_view hex) { return Secret::take(from_hex(hex)); }
constexpr const char* kKey = "404142434445464748494A4B4C4D4E4F";
constexpr Block8 kZero{};

TEST(Des, single_des_is_the_textbook_one) {
  // FIPS 81 example key and block.
  const Des des(hex_secret("0123456789ABCDEF FEDCBA9876543210"));
  Block8 block;
  const Bytes now = from_hex("4E6F772069732074");
  std::copy(now.begin(), now.end(), block.begin());
  EXPECT_EQ(to_hex(des.single_encrypt(block)), "3FA40E8A984D4815");
}

TEST(Des, two_keys_are_three_with_the_first_again) {
  const Des two(hex_secret(kKey)), three(hex_secret(std::string(kKey) + "4041424344454647"));
  const Bytes data(24, 0x7E);
  EXPECT_EQ(two.cbc_encrypt(kZero, data), three.cbc_encrypt(kZero, data));
  EXPECT_EQ(two.key_size(), 16u);
  EXPECT_EQ(three.key_size(), 24u);
}

TEST(Des, both_macs_of_one_block_are_the_same_and_of_more_are_not) {
  const Des des(hex_secret(kKey));
  const Bytes seven(7, 1), eight(8, 1);
  EXPECT_EQ(des.mac(kZero, {seven}), des.retail_mac(kZero, {seven}));
  EXPECT_NE(des.mac(kZero, {eight}), des.retail_mac(kZero, {eight}));
}

TEST(Des, mac_is_the_last_block_of_cbc_however_the_message_is_cut) {
  const Des des(hex_secret(kKey));
  const Bytes message(21, 0x42);
  const Bytes cbc = des.cbc_encrypt(kZero, concat({message, from_hex("800000")}));
  const Bytes last(cbc.end() - 8, cbc.end());
  const ByteView all(message);
  EXPECT_EQ(to_hex(des.mac(kZero, {message})), to_hex(last));
  EXPECT_EQ(to_hex(des.mac(kZero, {all.first(5), all.subspan(5)})), to_hex(last));
  EXPECT_EQ(des.mac(kZero, all.first(5), Secret::copy(all.subspan(5))), des.mac(kZero, {message}));
  EXPECT_EQ(des.retail_mac(kZero, all.first(5), Secret::copy(all.subspan(5))), des.retail_mac(kZero, {message}));
}

TEST(Des, decrypts_what_it_encrypts_and_secrets_as_data) {
  const Des des(hex_secret(kKey));
  const Bytes data(40, 0x17);
  const Block8 iv = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(des.cbc_decrypt(iv, des.cbc_encrypt(iv, data)), data);
  EXPECT_EQ(des.ecb_decrypt(des.ecb_encrypt(data)), data);
  EXPECT_EQ(des.cbc_encrypt(iv, Secret::copy(data)), des.cbc_encrypt(iv, data));
  EXPECT_EQ(des.ecb_encrypt(Secret::copy(data)), des.ecb_encrypt(data));
  EXPECT_EQ(des.cbc_encrypt_padded(iv, Secret::copy(data)), des.cbc_encrypt_padded(iv, data));
  EXPECT_EQ(des.cbc_encrypt_padded(iv, data).size(), 48u);
  const Block8 block = des.triple_encrypt(iv);
  EXPECT_EQ(to_hex(block), to_hex(des.ecb_encrypt(iv)));
}

TEST(Des, refuses_other_key_lengths_and_broken_blocks) {
  for (size_t size : {0, 8, 15, 32}) EXPECT_THROW(Des{Secret::copy(Bytes(size))}, Error) << size;
  const Des des(hex_secret(kKey));
  EXPECT_THROW(des.cbc_encrypt(kZero, Bytes(7)), Error);
  EXPECT_THROW(des.cbc_decrypt(kZero, Bytes(9)), Error);
  EXPECT_THROW(des.ecb_encrypt(Bytes(12)), Error);
  EXPECT_THROW(des.ecb_decrypt(Bytes(12)), Error);
}

}  // namespace
}  // namespace cw::crypto
