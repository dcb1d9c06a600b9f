// What a scenario file may say, before anything runs.
#include "scenario/scenario.h"

#include "base/error.h"
#include "played.h"

namespace cw::scenario {
namespace {

class ScenarioTest : public Plays {
 protected:
  std::string message(const std::string& text) {
    const std::string path = file("story.lua", text);
    try {
      read_scenario(*library()->with_file(path), path);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }
};

TEST_F(ScenarioTest, says_what_it_is_about_and_what_it_needs) {
  const std::string path = file("b02_lock.lua", R"(return {
    summary = "Locks", tags = { "lock" }, flavors = { "*" }, policy = "p.lua", seconds = 5,
    needs = { keys = { "isd" }, card = { "fresh" } }, given = { card = "c.json", flows = {} }, run = function() end })");
  const Scenario scenario = read_scenario(*library()->with_file(path), path);
  EXPECT_EQ(scenario.name, "b02_lock");
  EXPECT_EQ(scenario.summary, "Locks");
  EXPECT_EQ(scenario.tags, std::vector<std::string>{"lock"});
  EXPECT_EQ(scenario.needs_card, std::vector<std::string>{"fresh"});
  EXPECT_EQ(scenario.card_state, "c.json");
  EXPECT_EQ(scenario.seconds, 5);
}

TEST_F(ScenarioTest, a_mistake_is_named_with_its_line_and_the_nearest_word) {
  EXPECT_NE(message("return {\n summary = 'x',\n flavours = { '*' },\n run = function() end }")
                .find("story.lua:3: scenario: unknown field 'flavours'; did you mean 'flavors'?"),
            std::string::npos);
  EXPECT_NE(
      message("return { summary = 'x', flavors = { 'jcop5' }, run = function() end }").find("did you mean 'jcop4'"),
      std::string::npos);
  EXPECT_NE(
      message("return { summary = 'x', needs = { card = { 'scp04' } }, run = function() end }").find("no 'scp04'"),
      std::string::npos);
  EXPECT_NE(message("return { summary = 'x' }").find("'run' is missing"), std::string::npos);
  EXPECT_NE(message("return { run = function() end }").find("'summary' is missing"), std::string::npos);
  for (const char* flows : {"{ 'demo/install' }", "{ { flow = 'demo/install' } }", "{ { 'demo/install', 7 } }",
                            "{ demo = { 'demo/install' } }", "{ {} }"}) {
    const std::string text = "return { summary = 'x', given = { flows = " + std::string(flows) + " }, run = tostring }";
    EXPECT_NE(message(text).find("scenario.given.flows is a list"), std::string::npos) << flows << message(text);
  }
  EXPECT_NE(message("return 3").find("must return a table"), std::string::npos);
  EXPECT_NE(message("return {").find("story.lua:1"), std::string::npos);
  EXPECT_NE(message("return { summary = 'x', seconds = 0, run = function() end }").find("1 to 86400"),
            std::string::npos);
  EXPECT_NE(message("while true do end").find("story.lua"), std::string::npos) << "loading has a budget";
  EXPECT_NE(message("require('stage').ask('run', {})").find("no side effects"), std::string::npos);
}

TEST_F(ScenarioTest, folders_are_searched_in_order_and_parts_are_left_out) {
  for (const char* name : {"z.lua", "a/b.lua", "a/_part.lua", "_parts/flow.lua", "a/c.txt"}) file(name, "return {}");
  const std::string root = folder_.generic_string();
  EXPECT_EQ(find_scenarios({root}), (std::vector<std::string>{root + "/a/b.lua", root + "/z.lua"}));
  EXPECT_EQ(find_scenarios({root + "/z.lua", root}), (std::vector<std::string>{root + "/z.lua", root + "/a/b.lua"}))
      << "once, where it was named first";
  EXPECT_EQ(find_scenarios({root + "/a/_part.lua"}), std::vector<std::string>{root + "/a/_part.lua"});
  std::filesystem::create_symlink("self.lua", folder_ / "self.lua");
  std::filesystem::create_directory_symlink(".", folder_ / "loop");
  EXPECT_EQ(find_scenarios({root}), (std::vector<std::string>{root + "/a/b.lua", root + "/z.lua"}))
      << "links that lead nowhere or around are passed by";
  EXPECT_THROW(find_scenarios({root + "/nothing"}), Error);
  EXPECT_THROW(find_scenarios({root + "/_parts/../a/nothing"}), Error);
}

}  // namespace
}  // namespace cw::scenario
