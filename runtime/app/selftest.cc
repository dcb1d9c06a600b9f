#include "app/selftest.h"

#include <algorithm>
#include <set>
#include <vector>

#include "app/vectors.h"
#include "base/error.h"
#include "base/files.h"
#include "selftest_cases_private.h"

namespace cw::app {

namespace {

using nlohmann::json;

const std::set<std::string> kSkippedKinds = {"scp11-session"};

class Run {
 public:
  explicit Run(std::ostream& out) : out_(out), runners_(channel_case_runners()) { runners_.merge(data_case_runners()); }

  void folder(const std::filesystem::path& path) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    if (error) return fail(path.string(), "cannot be read: " + error.message());
    if (files.empty()) return fail(path.string(), "no .json file in it");
    std::sort(files.begin(), files.end());
    for (const auto& each : files) file(each);
  }

  /// The text of a vector file; `origin` names it in messages.
  void text(const std::string& origin, std::string_view content) {
    const json file = json::parse(content, nullptr, /*allow_exceptions=*/false);
    if (file.is_discarded()) return fail(origin, "not JSON");
    if (!file.is_object() || !file.contains("cases") || !file.at("cases").is_array() || file.at("cases").empty()) {
      return fail(origin, "has no list of cases");
    }
    for (const json& test_case : file.at("cases")) run(origin, test_case);
  }

  int finish() {
    out_ << passed_ << " passed, " << failed_ << " failed" << std::endl;
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  void file(const std::filesystem::path& path) {
    try {
      text(path.string(), text_view(read_file(path)));
    } catch (const Error& error) {
      fail(path.string(), error.message());
    }
  }

  void run(const std::string& origin, const json& test_case) {
    const std::string id = string_or(test_case, "id", "a case without id");
    const std::string kind = string_or(test_case, "kind", "");
    const std::string name = origin + " " + id;
    if (kSkippedKinds.contains(kind)) {
      out_ << "skipped " << name << ": SCP11 comes later\n";
      return;
    }
    const auto runner = runners_.find(kind);
    if (runner == runners_.end()) return fail(name, "unknown kind '" + kind + "'");
    try {
      const CaseResult result = runner->second(test_case);
      if (!result.passed) return fail(name, "expected " + result.expected + ", got " + result.actual);
      ++passed_;
    } catch (const Error& error) {
      fail(name, error.message());
    } catch (const json::exception& error) {
      fail(name, std::string("the case is not as its kind wants it: ") + error.what());
    }
  }

  void fail(const std::string& what, const std::string& why) {
    ++failed_;
    out_ << "failed " << what << ": " << why << "\n";
  }

  static std::string string_or(const json& from, const char* field, const std::string& absent) {
    const bool there = from.is_object() && from.contains(field) && from.at(field).is_string();
    return there ? from.at(field).get<std::string>() : absent;
  }

  std::ostream& out_;
  std::map<std::string, CaseRunner> runners_;
  size_t passed_ = 0;
  size_t failed_ = 0;
};

}  // namespace

int run_selftest(const std::optional<std::filesystem::path>& vectors, std::ostream& out) {
  Run run(out);
  if (vectors) {
    run.folder(*vectors);
  } else {
    run.text("built in", built_in_cases());
  }
  return run.finish();
}

}  // namespace cw::app
