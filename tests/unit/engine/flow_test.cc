#include "engine/flow.h"

#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "engine/arguments.h"

namespace cw::engine {
namespace {

class FlowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-flow-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  Flow check(const std::string& text) {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = write("flow.lua", text);
    return check_flow(*bundle->with_file(file), file.generic_string());
  }

  std::string refusal(const std::string& text) {
    try {
      check(text);
    } catch (const Error& error) {
      return error.message();
    }
    return "accepted";
  }

  std::string wrong(const Flow& flow, std::vector<std::string> settings) {
    try {
      std::vector<Setting> parsed;
      for (const std::string& text : settings) parsed.push_back(Setting::parse(text));
      Arguments::check(flow, std::move(parsed));
    } catch (const Error& error) {
      return error.message();
    }
    return "accepted";
  }

  std::filesystem::path folder_;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* kGood = R"(--- Does little.
---
---   $ cardwright run little
return {
  name = "little", summary = "Does little",
  args = {
    name  = { type = "string", help = "who", max = 8 },
    pin   = { type = "secret", optional = true, max = 4 },
    count = { type = "integer", default = 3, min = 1, max = 9 },
    aid   = { type = "aid", optional = true },
    kind  = { type = "string", values = { "red", "blue" }, default = "red" },
  },
  needs = { keys = { "isd" } },
  run = function(run) end,
})";

TEST_F(FlowTest, a_good_flow_is_read_with_its_header) {
  const Flow flow = check(kGood);
  EXPECT_EQ(flow.name, "little");
  ASSERT_EQ(flow.args.size(), 5u);
  EXPECT_EQ(flow.args[0].name, "name") << "required arguments come first";
  EXPECT_EQ(flow.needs_keys, std::vector<std::string>{"isd"});
  EXPECT_TRUE(contains(flow.header, "$ cardwright run little"));
}

TEST_F(FlowTest, a_flow_says_whose_consent_it_needs_by_its_arguments) {
  const std::string head =
      "return { name = 'x', summary = 'y', run = function() end,\n"
      "args = { domain = { type = 'aid' }, owners = { type = 'string', optional = true } },\n";
  const Flow flow = check(head + "needs = { consent = { domain = '$domain', of = '$owners' } } }");
  EXPECT_EQ(flow.consent_domain, "domain");
  EXPECT_EQ(flow.consent_of, "owners");
  EXPECT_EQ(check(head + "needs = { consent = { domain = '$domain' } } }").consent_of, "");
  EXPECT_EQ(check(kGood).consent_domain, "");
  for (const char* wrong :
       {"{}", "{ domain = 'domain' }", "{ domain = '$owners' }", "{ domain = '$nothing' }",
        "{ domain = '$domain', of = '$domain' }", "{ domain = '$domain', by = '$owners' }", "true"}) {
    EXPECT_NE(refusal(head + "needs = { consent = " + wrong + " } }"), "") << wrong;
  }
  EXPECT_TRUE(contains(refusal(head + "needs = { consent = { domain = '$owners' } } }"),
                       "flow.needs.consent.domain must be \"$\" and the name of an argument of type aid"));
}

TEST_F(FlowTest, mistakes_name_file_line_and_the_nearest_name) {
  EXPECT_TRUE(contains(refusal("return {\n name = 'x',\n sumary = 'y',\n run = function() end }"),
                       "flow.lua:3: flow: unknown field 'sumary'; did you mean 'summary'?"));
  EXPECT_TRUE(contains(refusal("return { name = 'x', summary = 'y' }"), "the field 'run' is missing"));
  EXPECT_TRUE(contains(refusal("return { name = 'x', summary = 'y', run = 1 }"), "flow.run must be a function"));
  EXPECT_TRUE(contains(refusal("return {\n name = 'x', summary = 'y', run = print }"), "flow.lua:2"))
      << "an undeclared global raises";
  EXPECT_TRUE(
      contains(refusal("return { name='x', summary='y', run=function() end,\n args = {\n a = { type = 'strin' } } }"),
               "flow.lua:3: args.a: there is no argument type 'strin'; did you mean 'string'?"));
  EXPECT_TRUE(contains(refusal("return 7"), "must return a table"));
  EXPECT_TRUE(contains(refusal("retrun {}"), "flow.lua:1"));
}

TEST_F(FlowTest, loading_reaches_nothing_outside_and_ends) {
  EXPECT_TRUE(contains(refusal("require('clock').now() return {}"), "no side effects"));
  EXPECT_TRUE(contains(refusal("while true do end"), "script"));
  EXPECT_TRUE(contains(refusal("return setmetatable({ name='x', summary='y', run=function() end }, {})"), "metatable"));
}

TEST_F(FlowTest, arguments_are_typed_and_checked) {
  const Flow flow = check(kGood);
  EXPECT_EQ(wrong(flow, {"name=ada"}), "accepted");
  EXPECT_TRUE(contains(wrong(flow, {}), "argument name: is missing; give it with --set name=VALUE"));
  EXPECT_TRUE(contains(wrong(flow, {"nam=ada"}), "no argument 'nam'; did you mean 'name'?"));
  EXPECT_TRUE(contains(wrong(flow, {"name=ada", "name=eve"}), "set twice"));
  EXPECT_TRUE(contains(wrong(flow, {"name=adalovelace"}), "at most 8"));
  EXPECT_TRUE(contains(wrong(flow, {"name=ada", "count=10"}), "10 is above 9"));
  EXPECT_TRUE(contains(wrong(flow, {"name=ada", "count=ten"}), "not a whole number"));
  EXPECT_TRUE(contains(wrong(flow, {"name=ada", "aid=A000"}), "5 to 16 bytes"));
  EXPECT_TRUE(contains(wrong(flow, {"name=ada", "kind=green"}), "none of red, blue"));
}

TEST_F(FlowTest, a_secret_never_stands_on_the_command_line) {
  const Flow flow = check(kGood);
  const std::string message = wrong(flow, {"name=ada", "pin=1234"});
  EXPECT_TRUE(contains(message, "pin=@FILE"));
  EXPECT_FALSE(contains(message, "1234"));

  const std::filesystem::path pin = write("pin.txt", "1234\n");
  std::vector<Setting> settings;
  settings.push_back(Setting::parse("name=ada"));
  settings.push_back(Setting::parse("pin=@" + pin.string()));
  const Arguments arguments = Arguments::check(flow, std::move(settings));
  EXPECT_EQ(arguments.secrets.at("pin").size(), 4u) << "without the line end";
}

TEST_F(FlowTest, a_cap_that_is_none_is_named) {
  const Flow flow = check("return { name='x', summary='y', args = { cap = { type = 'cap' } }, run = function() end }");
  const std::filesystem::path file = write("not.cap", "hello");
  const std::string message = wrong(flow, {"cap=" + file.string()});
  EXPECT_TRUE(contains(message, "argument cap")) << message;
  EXPECT_TRUE(contains(message, "not.cap")) << message;
}

}  // namespace
}  // namespace cw::engine
