#include "store/audit_export.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/files.h"
#include "engines.h"

namespace cw::store {
namespace {

AuditRoot root(int64_t size, uint8_t hash = 0x5A) { return {size, 1000 * size, Bytes(32, hash)}; }

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
  append_root(file_, root(3));
  append_root(file_, root(8));
  EXPECT_EQ(text(), root_text(root(3)) + "\n" + root_text(root(8)) + "\n");
  append_root(file_, root(8));
  EXPECT_EQ(sizes(), (std::vector<int64_t>{3, 8}));
}

TEST_F(AuditExports, AFileThatWasCutAnywhereGoesOn) {
  const std::string whole = root_text(root(3)) + "\n" + root_text(root(812)) + "\n";
  for (size_t length = 0; length <= whole.size(); ++length) {
    write(whole.substr(0, length));
    std::vector<int64_t> expected = sizes();
    append_root(file_, root(900));
    expected.push_back(900);
    ASSERT_EQ(sizes(), expected) << length;
    append_root(file_, root(901));
    expected.push_back(901);
    ASSERT_EQ(sizes(), expected) << length;
  }
}

TEST_F(AuditExports, TheAuditNeverGoesBackwards) {
  append_root(file_, root(8));
  EXPECT_TRUE(refusal([&] { append_root(file_, root(7)); })
                  .starts_with("store: exporting a root of the audit to " + file_.string() +
                               ": the audit has gone backwards: a root over 8 records was exported, and 7 are there"));
  EXPECT_TRUE(refusal([&] { append_root(file_, root(8, 0x11)); })
                  .starts_with("store: exporting a root of the audit to " + file_.string() +
                               ": another root over the same 8 records was exported"));
  EXPECT_EQ(sizes(), std::vector<int64_t>{8});
}

TEST_F(AuditExports, ALineThatIsSomethingElseIsRefusedAndNamed) {
  for (const std::string line :
       {"hello", "cardwright audit root 1 x", "cardwright audit root 1 1 1 ABG", "cardwright audit root 1 1 1 1 1"}) {
    write(root_text(root(3)) + "\n" + line + "\n");
    EXPECT_TRUE(refusal([&] { read_roots(file_); }).starts_with("usage: " + file_.string() + ": line 2: ")) << line;
    EXPECT_NE(refusal([&] { append_root(file_, root(9)); }), "");
  }
  EXPECT_TRUE(refusal([&] {
                append_root(folder_ / "none" / "roots", root(9));
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
