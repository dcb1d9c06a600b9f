#include <fstream>
#include <thread>
#include <type_traits>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "base/secret.h"
#include "base/suggest.h"

namespace cw {
namespace {

TEST(Hex, reads_what_it_writes_and_skips_separators) {
  EXPECT_EQ(to_hex(from_hex("00a4 04:00-FF\n")), "00A40400FF");
  EXPECT_TRUE(from_hex("").empty());
}

TEST(Hex, refuses_half_bytes_and_other_characters) {
  EXPECT_THROW(from_hex("ABC"), Error);
  EXPECT_THROW(from_hex("0x00"), Error);
}

TEST(Bytes, big_endian_numbers) {
  Bytes out;
  append_be(out, 0x010203, 3);
  EXPECT_EQ(to_hex(out), "010203");
  EXPECT_EQ(read_be(out), 0x010203u);
}

TEST(Secret, cannot_be_copied_and_is_empty_after_a_move) {
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  Bytes source = from_hex("404142");
  Secret a = Secret::take(std::move(source));
  Secret b = std::move(a);
  EXPECT_EQ(b.size(), 3u);
  EXPECT_TRUE(a.empty());
}

TEST(Suggest, a_slip_of_the_fingers_is_one_edit) {
  EXPECT_EQ(nearest("inof", {"info", "file"}), "info");
  EXPECT_EQ(nearest("instal", {"install", "inventory"}), "install");
  EXPECT_EQ(nearest("xyz", {"install", "inventory"}), "");
  EXPECT_EQ(did_you_mean("summry", {"summary"}), "; did you mean 'summary'?");
}

TEST(Files, a_secret_file_that_others_can_read_is_refused) {
  char folder[] = "/tmp/cw-base-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::filesystem::path path = std::filesystem::path(folder) / "keys";
  write_file_atomically(path, view("secret"), true);
  EXPECT_EQ(read_secret_file(path).size(), 6u);
  ::chmod(path.c_str(), 0644);
  try {
    read_secret_file(path);
    FAIL() << "read a file that others can read";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("chmod 600"), std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

// As root, /dev/null would be a file from then on.
TEST(Files, what_is_no_file_is_written_to_and_not_replaced) {
  char folder[] = "/tmp/cw-base-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string pipe = std::string(folder) + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Bytes came;
  std::thread reader([&] { came = read_file(pipe); });
  write_file_atomically(pipe, view("certificate"), false);
  reader.join();
  EXPECT_EQ(to_string(came), "certificate");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  // Behind a link, and behind a descriptor, is the file that others have open.
  const std::string file = std::string(folder) + "/file", link = std::string(folder) + "/link";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd), link);
  write_file_atomically(link, view("list"), false);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  char text[8] = "";
  EXPECT_EQ(::pread(fd, text, sizeof text, 0), 4);
  EXPECT_STREQ(text, "list");
  ::close(fd);
  std::filesystem::remove(link);
  std::filesystem::create_symlink("file", link);
  write_file_atomically(link, view("again"), false);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(to_string(read_file(file)), "again");
  EXPECT_THROW(write_file_atomically(folder, view("x"), false), Error);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  std::filesystem::remove_all(folder);
}

TEST(Files, a_file_of_many_pieces_is_read_whole_and_one_over_the_limit_is_refused) {
  char name[] = "/tmp/cw-base-XXXXXX";
  const int fd = ::mkstemp(name);
  ASSERT_GE(fd, 0);
  ::close(fd);
  Bytes content;
  for (int i = 0; i < 100'000; ++i) append_be(content, static_cast<uint64_t>(i), 3);
  write_file_atomically(name, content, true);
  EXPECT_EQ(read_file(name), content);
  EXPECT_THROW(read_file(name, content.size() - 1), Error);
  // A pipe tells no size, so what is read has to grow.
  const std::string pipe = std::string(name) + ".pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << to_string(content); });
  EXPECT_EQ(read_file(pipe), content);
  writer.join();
  std::filesystem::remove(name);
  std::filesystem::remove(pipe);
}

TEST(Files, an_error_names_the_file) {
  try {
    read_file("/nowhere/at/all");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "cannot read /nowhere/at/all: No such file or directory");
  }
}

}  // namespace
}  // namespace cw
