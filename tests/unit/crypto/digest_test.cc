#include "crypto/digest.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::crypto {
namespace {

// FIPS 180-4 examples.
TEST(Digest, of_abc) {
  const Bytes abc = to_bytes("abc");
  EXPECT_EQ(to_hex(digest(Hash::sha1, abc)), "A9993E364706816ABA3E25717850C26C9CD0D89D");
  EXPECT_EQ(to_hex(digest(Hash::sha256, abc)), "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
  EXPECT_EQ(digest(Hash::sha384, abc).size(), 48u);
  EXPECT_EQ(to_hex(digest(Hash::sha512, abc)).substr(0, 16), "DDAF35A193617ABA");
  EXPECT_EQ(to_hex(digest(Hash::sha1, {})), "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
}

TEST(Random, is_as_long_as_asked_and_not_the_same_twice) {
  EXPECT_EQ(random_bytes(0).size(), 0u);
  EXPECT_NE(random_bytes(16), random_bytes(16));
  EXPECT_EQ(random_secret(32).size(), 32u);
  EXPECT_FALSE(same(random_secret(16), random_secret(16)));
}

TEST(Secrets, are_compared_joined_cut_and_padded_without_being_seen) {
  const Secret secret = Secret::copy(from_hex("0102030405"));
  EXPECT_TRUE(matches(secret, from_hex("0102030405")));
  EXPECT_FALSE(matches(secret, from_hex("0102030406")));
  EXPECT_FALSE(matches(secret, from_hex("01020304")));
  EXPECT_TRUE(occurs_in(secret, from_hex("FF0102030405")));
  EXPECT_FALSE(occurs_in(secret, from_hex("01020304FF05")));
  EXPECT_FALSE(occurs_in(Secret(), from_hex("01")));
  EXPECT_TRUE(same(secret, secret.clone()));
  EXPECT_TRUE(matches(prefix(secret, 2), from_hex("0102")));
  EXPECT_THROW(prefix(secret, 6), Error);
  EXPECT_TRUE(matches(padded(secret, 8), from_hex("0102030405000000")));
  EXPECT_TRUE(matches(padded(secret, 8, 0x80), from_hex("0102030405800000")));
  EXPECT_TRUE(matches(padded(Secret::copy(Bytes(8)), 8), Bytes(8)));
  const Bytes head = from_hex("AA");
  EXPECT_TRUE(matches(join({{head}, {{}, &secret}, {head}}), from_hex("AA0102030405AA")));
  EXPECT_TRUE(join({}).empty());
}

TEST(ConstantTimeEqual, compares_bytes_and_length) {
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_TRUE(constant_time_equal(Bytes{1, 2}, Bytes{1, 2}));
  EXPECT_FALSE(constant_time_equal(Bytes{1, 2}, Bytes{1, 3}));
  EXPECT_FALSE(constant_time_equal(Bytes{1, 2}, Bytes{1}));
}

}  // namespace
}  // namespace cw::crypto
