#include "app/selftest.h"

#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/files.h"

namespace cw::app {
namespace {

struct Outcome {
  int code;
  std::string text;
};

Outcome selftest(const std::optional<std::filesystem::path>& vectors) {
  std::ostringstream out;
  const int code = run_selftest(vectors, out);
  return {code, out.str()};
}

class Folder {
 public:
  Folder() { path_ = ::mkdtemp(name_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }
  void file(const char* name, const std::string& text) { write_file_atomically(path_ / name, view(text), false); }

 private:
  char name_[32] = "/tmp/cw-selftest-XXXXXX";
  std::filesystem::path path_;
};

const std::string kGood =
    R"({"id": "good", "kind": "kcv", "inputs": {"algorithm": "aes", "key": "404142434445464748494A4B4C4D4E4F"},
        "expected": {"kcv": "504A77"}})";

std::string file_of(const std::string& cases) { return "{\"cases\": [" + cases + "]}"; }

TEST(Selftest, the_cases_compiled_in_pass) {
  const auto [code, text] = selftest({});
  EXPECT_EQ(code, 0) << text;
  EXPECT_EQ(text.substr(text.find(" passed")), " passed, 0 failed\n");
}

TEST(Selftest, the_published_vectors_pass_and_scp11_is_skipped) {
  const auto [code, text] = selftest(std::filesystem::path(CW_SOURCE_DIR) / "tests/vectors");
  EXPECT_EQ(code, 0) << text;
  EXPECT_NE(text.find("SCP11 comes later"), std::string::npos);
}

TEST(Selftest, a_wrong_case_says_what_was_expected_and_what_came) {
  Folder folder;
  std::string wrong = kGood;
  wrong.replace(wrong.find("504A77"), 6, "504A78");
  folder.file("a.json", file_of(kGood + "," + wrong));
  const auto [code, text] = selftest(folder.path());
  EXPECT_EQ(code, 1);
  EXPECT_EQ(text, "failed " + (folder.path() / "a.json").string() +
                      " good: expected kcv 504A78, got kcv 504A77\n1 passed, 1 failed\n");
}

TEST(Selftest, unknown_kinds_and_broken_files_fail_by_name) {
  Folder folder;
  folder.file("a.json", "{");
  folder.file("b.json", "[]");
  folder.file("c.json", file_of(""));
  folder.file("d.json", file_of(R"({"id": "odd", "kind": "horoscope"})"));
  folder.file("e.json", file_of(R"({"id": "bare", "kind": "kcv"}, 7)"));
  folder.file("f.json", file_of(kGood));
  folder.file("notes.txt", "no vector");
  const auto [code, text] = selftest(folder.path());
  EXPECT_EQ(code, 1);
  for (const char* line : {"a.json: not JSON", "b.json: has no list", "c.json: has no list",
                           "d.json odd: unknown kind 'horoscope'", "e.json bare: the case is not as its kind wants it",
                           "e.json a case without id: unknown kind", "\n1 passed, 6 failed\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
  }
}

TEST(Selftest, nothing_run_is_not_a_success) {
  Folder folder;
  EXPECT_EQ(selftest(folder.path()).code, 1);
  EXPECT_NE(selftest(folder.path()).text.find("no .json file"), std::string::npos);
  const auto [code, text] = selftest(folder.path() / "missing");
  EXPECT_EQ(code, 1);
  EXPECT_NE(text.find("missing: cannot be read: No such file"), std::string::npos) << text;
  EXPECT_EQ(selftest("/dev/null").code, 1);
}

}  // namespace
}  // namespace cw::app
