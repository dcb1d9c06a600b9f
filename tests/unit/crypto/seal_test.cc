#include "crypto/seal.h"

#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::crypto {
namespace {

class Seal : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cw-seal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file(const std::string& content) {
    const auto path = folder_ / "key";
    write_file_atomically(path, view(content), true);
    return path;
  }

  /// Kind and message of what it raises, or "".
  template <typename F>
  static std::string refusal(F&& work) {
    try {
      work();
    } catch (const Error& error) {
      return std::string(name_of(error.kind())) + ": " + error.message();
    }
    return {};
  }

  std::filesystem::path folder_;
};

TEST_F(Seal, opens_what_it_sealed_and_never_looks_the_same_twice) {
  const SealingKey key = SealingKey::random();
  for (const size_t size : {0u, 1u, 16u, 1000u, 70000u}) {
    const Bytes plain = random_bytes(size);
    const Bytes sealed = key.seal(plain, "frame 1");
    EXPECT_EQ(sealed.size(), 12 + size + 16);
    EXPECT_EQ(key.open(sealed, "frame 1"), plain);
    EXPECT_NE(key.seal(plain, "frame 1"), sealed);
  }
}

TEST_F(Seal, keeps_secrets_and_keys_under_a_key) {
  const SealingKey store = SealingKey::random();
  const SealingKey run = SealingKey::random();
  const Bytes frame = run.seal(to_bytes("hello"), "frame");
  EXPECT_EQ(store.open_key(store.seal(run, "key of a run"), "key of a run").open(frame, "frame"), to_bytes("hello"));
  EXPECT_EQ(run.clone().open(frame, "frame"), to_bytes("hello"));
  const Secret secret = random_secret(20);
  EXPECT_TRUE(same(store.open_secret(store.seal(secret, "s"), "s"), secret));
  EXPECT_NE(refusal([&] { store.open_key(store.seal(secret, "s"), "s"); }), "");
}

TEST_F(Seal, opens_nothing_that_was_changed_cut_moved_or_sealed_under_another_key) {
  const SealingKey key = SealingKey::random();
  const Bytes sealed = key.seal(to_bytes("a frame"), "run 1 frame 2");
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 0x20;
    EXPECT_THROW(key.open(changed, "run 1 frame 2"), Error) << i;
    EXPECT_THROW(key.open(ByteView(sealed).first(i), "run 1 frame 2"), Error) << i;
  }
  EXPECT_THROW(key.open(sealed, "run 1 frame 3"), Error);
  EXPECT_THROW(key.open(sealed, ""), Error);
  EXPECT_THROW(SealingKey::random().open(sealed, "run 1 frame 2"), Error);
  EXPECT_EQ(refusal([&] { key.open(sealed, "run 1 frame 3"); }).substr(0, 54),
            "store: cannot open what is sealed as \"run 1 frame 3\": ");
}

// RFC 5869 has no vector with a 32 byte key and no salt; this one was computed with Python's hmac: extract with 32 zero
// bytes as salt, expand with info "wire" and 01, HMAC of "abc" under that.
TEST_F(Seal, a_mac_is_hmac_under_a_key_derived_for_its_purpose) {
  const SealingKey key = SealingKey::load(file("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"));
  EXPECT_EQ(to_hex(key.mac("wire", view("abc"))), "543951EE6823F10222D97B89252777E55CA14C84F2C0C8B297DE872B681E425E");
  EXPECT_NE(key.mac("wire", view("abc")), key.mac("wires", view("abc")));
  EXPECT_NE(key.mac("wire", view("abc")), key.mac("wire", view("abd")));
  EXPECT_EQ(key.mac("wire", {}).size(), 32u);
}

TEST_F(Seal, a_key_file_holds_64_digits_that_only_its_owner_may_read) {
  const std::string digits(64, 'a');
  EXPECT_NO_THROW(SealingKey::load(file(digits)));
  EXPECT_NO_THROW(SealingKey::load(file(std::string(64, 'B') + "\n")));
  for (const std::string& bad : {std::string(), digits + "a", digits.substr(1), digits + " ", "x" + digits.substr(1)}) {
    const std::string said = refusal([&] { SealingKey::load(file(bad)); });
    EXPECT_NE(said.find("is no key of a store: it has to hold 64 hexadecimal digits"), std::string::npos) << said;
    EXPECT_EQ(said.find("aaaa"), std::string::npos);
  }
  const auto open = file(digits);
  ASSERT_EQ(::chmod(open.c_str(), 0640), 0);
  EXPECT_NE(refusal([&] { SealingKey::load(open); }).find("chmod 600"), std::string::npos);
  EXPECT_NE(refusal([&] { SealingKey::load(folder_ / "none"); }).find("No such file"), std::string::npos);
}

TEST_F(Seal, a_key_file_is_made_once_and_for_its_owner_whatever_the_umask) {
  const mode_t before = ::umask(0);
  const Bytes sealed = SealingKey::load_or_make(folder_ / "new").seal(to_bytes("x"), "c");
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat((folder_ / "new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(info.st_size, 65);
  EXPECT_EQ(SealingKey::load_or_make(folder_ / "new").open(sealed, "c"), to_bytes("x"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "nothing is left beside it";
  EXPECT_NE(refusal([&] { SealingKey::load_or_make(folder_ / "no" / "key"); }).find("cannot make the key file"),
            std::string::npos);
}

TEST_F(Seal, processes_that_start_together_get_the_same_key) {
  constexpr int kProcesses = 8;
  std::array<int, 2> start{}, results{};
  ASSERT_EQ(::pipe(start.data()), 0);
  ASSERT_EQ(::pipe(results.data()), 0);
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() == 0) {
      char go = 0;
      ::close(start[1]);
      if (::read(start[0], &go, 1) < 0) ::_exit(1);  // ends when the other side is closed
      const Bytes mac = SealingKey::load_or_make(folder_ / "key").mac("same", {});
      ::_exit(::write(results[1], mac.data(), mac.size()) == 32 ? 0 : 1);
    }
  }
  ::close(start[0]);
  ::close(start[1]);
  ::close(results[1]);
  const Bytes wanted = [&] {
    for (int i = 0; i < kProcesses; ++i) ::wait(nullptr);
    return SealingKey::load(folder_ / "key").mac("same", {});
  }();
  for (int i = 0; i < kProcesses; ++i) {
    Bytes got(32);
    ASSERT_EQ(::read(results[0], got.data(), got.size()), 32);
    EXPECT_EQ(got, wanted);
  }
  ::close(results[0]);
}

}  // namespace
}  // namespace cw::crypto
