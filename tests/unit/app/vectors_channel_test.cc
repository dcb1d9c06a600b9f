#include <fstream>
#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/vectors.h"
#include "base/error.h"

namespace cw::app {
namespace {

using nlohmann::json;

json cases_of(const std::string& file) {
  std::ifstream in(std::string(CW_SOURCE_DIR) + "/tests/vectors/" + file);
  return json::parse(in).at("cases");
}

class PublishedCases : public testing::TestWithParam<const char*> {};

TEST_P(PublishedCases, come_out_as_published) {
  const auto runners = channel_case_runners();
  size_t run = 0;
  for (const json& test_case : cases_of(GetParam())) {
    const auto runner = runners.find(test_case.at("kind").get<std::string>());
    ASSERT_NE(runner, runners.end()) << test_case.at("kind");
    try {
      const CaseResult result = runner->second(test_case);
      EXPECT_TRUE(result.passed) << test_case.at("id") << "\n  " << result.expected << "\n  " << result.actual;
    } catch (const Error& error) {
      ADD_FAILURE() << test_case.at("id") << ": " << error.message();
    }
    ++run;
  }
  EXPECT_GT(run, 0u);
}

INSTANTIATE_TEST_SUITE_P(vectors, PublishedCases,
                         testing::Values("scp01.json", "scp02.json", "scp03-parts.json", "scp03-sessions.json",
                                         "mac.json", "keys.json", "key-diversification.json", "tokens.json"));

/// Every hex string of the expectations, changed by one digit, makes its case fail: nothing is compared with itself.
void change_each_string(json& node, const std::function<void(const std::string&)>& with_change, const std::string& at) {
  if (node.is_string()) {
    auto& text = node.get_ref<std::string&>();
    if (text.empty()) return;
    const std::string before = text;
    // In the middle, where a command has its data; and not in the lowest bit of a byte, which is parity in a DES key.
    char& digit = text[text.size() / 2];
    digit = digit == '0' ? '2' : '0';
    with_change(at);
    text = before;
  } else if (node.is_structured()) {
    for (auto item = node.begin(); item != node.end(); ++item) {
      change_each_string(*item, with_change, at + "/" + (node.is_object() ? item.key() : ""));
    }
  }
}

class ChangedCases : public testing::TestWithParam<const char*> {};

TEST_P(ChangedCases, are_noticed) {
  const auto runners = channel_case_runners();
  for (json test_case : cases_of(GetParam())) {
    const auto& runner = runners.at(test_case.at("kind").get<std::string>());
    change_each_string(
        test_case.at("expected"),
        [&](const std::string& at) {
          // Not compared: how the card answered EXTERNAL AUTHENTICATE, and notes on an exchange.
          if (at == "/external_authenticate/response" || at == "/exchanges//security_level") return;
          bool passed = false;
          try {
            passed = runner(test_case).passed;
          } catch (const Error&) {
          }
          EXPECT_FALSE(passed) << test_case.at("id") << at;
        },
        "");
  }
}

INSTANTIATE_TEST_SUITE_P(vectors, ChangedCases,
                         testing::Values("scp01.json", "scp02.json", "scp03-parts.json", "scp03-sessions.json",
                                         "mac.json", "keys.json", "key-diversification.json", "tokens.json"));

}  // namespace
}  // namespace cw::app
