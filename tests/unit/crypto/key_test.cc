// Derivations are cases of tests/vectors; here are types, sharing and bad input.
#include "crypto/key.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::crypto {
namespace {

std::shared_ptr<const Key> key(KeyType type, size_t size = 16) {
  return make_key(type, Secret::copy(Bytes(size, 0x40)));
}

TEST(Key, knows_its_type_and_size_and_gives_a_copy) {
  EXPECT_EQ(key(KeyType::des, 24)->size(), 24u);
  EXPECT_EQ(key(KeyType::aes, 32)->type(), KeyType::aes);
  EXPECT_TRUE(matches(key(KeyType::aes)->material(), Bytes(16, 0x40)));
}

TEST(Key, refuses_lengths_that_its_type_does_not_have) {
  EXPECT_THROW(key(KeyType::des, 8), Error);
  EXPECT_THROW(key(KeyType::des, 32), Error);
  EXPECT_THROW(key(KeyType::aes, 20), Error);
  EXPECT_THROW(make_key(static_cast<KeyType>(0x90), Secret::copy(Bytes(16))), Error);
}

TEST(Key, derives_only_what_its_type_is_for) {
  const Bytes context(16);
  EXPECT_THROW(key(KeyType::des)->derive_scp03_key(4, context, 128), Error);
  EXPECT_THROW(key(KeyType::des)->derive_scp03_data(0, context, 64), Error);
  EXPECT_THROW(key(KeyType::des)->cmac_to_secret(context), Error);
  EXPECT_THROW(key(KeyType::aes)->derive_scp02_key(0x0182, 1), Error);
  EXPECT_THROW(key(KeyType::aes)->encrypt_to_secret(Bytes(8)), Error);
  EXPECT_THROW(key(KeyType::des)->encrypt_to_secret(Bytes(7)), Error);
}

TEST(Key, serves_several_threads) {
  const auto shared = key(KeyType::aes);
  const Bytes context(16, 0x21);
  const Bytes expected = shared->derive_scp03_data(0x04, context, 256);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (size_t n = 0; n < wrong.size(); ++n) {
    threads.emplace_back([&, n] {
      for (int k = 0; k < 500; ++k) wrong[n] += shared->derive_scp03_data(0x04, context, 256) != expected;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

}  // namespace
}  // namespace cw::crypto
