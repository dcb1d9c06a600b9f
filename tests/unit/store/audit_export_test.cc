#include "store/audit_export.h"

#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/files.h"
#include "engines.h"

namespace cw::store {
namespace {

AuditRoot root(int64_t size, uint8_t hash = 0x5A) { return {size, 1000 * size, Bytes(32, hash)}; }

NextRoot always(const AuditRoot& root) {
  return [root](const auto&) { return root; };
}

class AuditExports : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cw-roots-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ / "roots";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string text() { return to_string(read_file(file_)); }
  void write(const std::string& content) { write_file_atomically(file_, view(content), false); }
  std::vector<int64_t> sizes() {
    std::vector<int64_t> out;
    for (const AuditRoot& each : read_roots(file_)) out.push_back(each.size);
    return out;
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

TEST_F(AuditExports, EachRootIsALineThatStays) {
  EXPECT_TRUE(read_roots(file_).empty());
  append_root(file_, always(root(3)));
  append_root(file_, always(root(8)));
  EXPECT_EQ(text(), root_text(root(3)) + "\n" + root_text(root(8)) + "\n");
  append_root(file_, always(root(8)));
  EXPECT_EQ(sizes(), (std::vector<int64_t>{3, 8}));
}

TEST_F(AuditExports, AFileThatWasCutAnywhereGoesOn) {
  const std::string whole = root_text(root(3)) + "\n" + root_text(root(812)) + "\n";
  const size_t second = whole.find('\n') + 1;
  for (size_t length = 0; length <= whole.size(); ++length) {
    write(whole.substr(0, length));
    // Whole lines count, also without their end.
    std::vector<int64_t> expected;
    if (length >= second - 1) expected.push_back(3);
    if (length >= whole.size() - 1) expected.push_back(812);
    ASSERT_EQ(sizes(), expected) << length;
    if (length % 9 != 0 && length < whole.size() - 2) continue;
    for (const int64_t next : {900, 901}) {
      append_root(file_, always(root(next)));
      expected.push_back(next);
      ASSERT_EQ(sizes(), expected) << length;
    }
  }
}

TEST_F(AuditExports, TheAuditNeverGoesBackwards) {
  append_root(file_, always(root(8)));
  EXPECT_TRUE(refusal([&] { append_root(file_, always(root(7))); })
                  .starts_with("store: exporting a root of the audit to " + file_.string() +
                               ": the audit has gone backwards: a root over 8 records was exported, and 7 are there"));
  EXPECT_TRUE(refusal([&] { append_root(file_, always(root(8, 0x11))); })
                  .starts_with("store: exporting a root of the audit to " + file_.string() +
                               ": another root over the same 8 records was exported"));
  EXPECT_EQ(sizes(), std::vector<int64_t>{8});
}

TEST_F(AuditExports, ARootIsComputedWhileNoOtherProcessCanAppend) {
  append_root(file_, always(root(3)));
  append_root(file_, [&](const std::optional<AuditRoot>& last) {
    EXPECT_EQ(last.value().size, 3);
    const int other = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::flock(other, LOCK_EX | LOCK_NB), -1) << "whoever comes now waits, and computes its own after this one";
    EXPECT_EQ(errno, EWOULDBLOCK);
    ::close(other);
    return std::optional(root(8));
  });
  append_root(file_, [](const auto&) { return std::nullopt; });
  EXPECT_EQ(sizes(), (std::vector<int64_t>{3, 8}));
}

TEST_F(AuditExports, ALineThatIsSomethingElseIsRefusedAndNamed) {
  for (const std::string line :
       {"hello", "cardwright audit root 1 x", "cardwright audit root 1 1 1 ABG", "cardwright audit root 1 1 1 1 1"}) {
    write(root_text(root(3)) + "\n" + line + "\n");
    EXPECT_TRUE(refusal([&] { read_roots(file_); }).starts_with("usage: " + file_.string() + ": line 2: ")) << line;
    EXPECT_NE(refusal([&] { append_root(file_, always(root(9))); }), "");
  }
  EXPECT_TRUE(refusal([&] {
                append_root(folder_ / "none" / "roots", always(root(9)));
              }).starts_with("usage: cannot write a root of the audit to "));
}

TEST(AuditSchedule, ARootIsDueAfterManyRecordsOrLongAfterOne) {
  const ExportSchedule schedule{100, 5000};
  EXPECT_FALSE(root_is_due({}, 0, 0, schedule));
  EXPECT_TRUE(root_is_due({}, 1, 0, schedule));
  const AuditRoot last{50, 10'000, Bytes(32)};
  EXPECT_FALSE(root_is_due(last, 50, 99'000, schedule));
  EXPECT_FALSE(root_is_due(last, 51, 14'999, schedule));
  EXPECT_TRUE(root_is_due(last, 51, 15'000, schedule));
  EXPECT_FALSE(root_is_due(last, 149, 10'000, schedule));
  EXPECT_TRUE(root_is_due(last, 150, 10'000, schedule));
  EXPECT_TRUE(root_is_due(last, 51, 9'999, schedule));  // the clock was set back
}

}  // namespace
}  // namespace cw::store
