// A revocation list that is replaced while a door is open is in use sooner or later, and the log says what keeps it.
#include "app/revocation_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"

namespace cw::app {
namespace {

class RevocationWatches : public ::testing::Test {
 protected:
  RevocationWatches() {
    char name[] = "/tmp/cw-watch.XXXXXX";
    folder_ = ::mkdtemp(name);
    write("first");
  }
  ~RevocationWatches() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path list() const { return folder_ / "acme.crl"; }
  void write(const std::string& text) const { write_file_atomically(list(), view(text), false); }
  /// How often the door was asked to read its list anew.
  int looks(RevocationWatch& watch, int times, bool works = true) {
    int asked = 0;
    for (int i = 0; i < times; ++i) {
      watch.look([&] {
        ++asked;
        if (!works) throw Error(ErrorKind::usage, "the certificate beside it is being replaced");
      });
    }
    return asked;
  }

  std::filesystem::path folder_;
};

TEST_F(RevocationWatches, a_list_is_read_once_when_it_is_another_one) {
  RevocationWatch watch(list());
  EXPECT_EQ(looks(watch, 30), 0);
  write("other");  // as long as the one before, and soon after it
  EXPECT_EQ(looks(watch, 30), 1);
  std::filesystem::remove(list());
  EXPECT_EQ(looks(watch, 30), 0) << "it is not there, as between two lists";
  write("third");
  EXPECT_EQ(looks(watch, 30), 1);
}

TEST_F(RevocationWatches, one_that_could_not_be_used_is_tried_until_it_can) {
  RevocationWatch watch(list());
  write("second");
  testing::internal::CaptureStderr();
  EXPECT_EQ(looks(watch, 1, false), 1);
  EXPECT_EQ(looks(watch, 30, false), 3) << "not at each look: reading it takes a while";
  const std::string said = testing::internal::GetCapturedStderr();
  const size_t at = said.find("is being replaced");
  EXPECT_NE(at, std::string::npos) << said;
  EXPECT_EQ(said.find("is being replaced", at + 1), std::string::npos) << "once: " << said;
  EXPECT_EQ(looks(watch, 30), 1);
  EXPECT_EQ(looks(watch, 30), 0);
}

TEST_F(RevocationWatches, one_that_comes_while_the_door_begins_is_not_missed) {
  RevocationWatch watch(list());  // before the door read its list
  write("while it began");
  EXPECT_EQ(looks(watch, 1), 1);
}

TEST_F(RevocationWatches, without_a_list_nothing_is_watched) {
  RevocationWatch watch({});
  EXPECT_EQ(looks(watch, 30), 0);
}

}  // namespace
}  // namespace cw::app
