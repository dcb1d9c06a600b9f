// The stubs in stdlib/_meta are what integrators read: every function they name exists, and every function there is has
// a stub.
#include <filesystem>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "modules/modules.h"
#include "story.h"

namespace cw::modules::test {

namespace {

/// "hex.encode" and "Card:send" of every stub file, and "Card.atr" for the fields of handles.
struct Stubs {
  std::set<std::string> functions{};
  std::set<std::string> fields{};
};

/// What follows `start` in `line`, up to the first character that is none of a name; empty if the line starts
/// otherwise.
std::string name_after(const std::string& line, const std::string& start) {
  if (line.rfind(start, 0) != 0) return "";
  const size_t end =
      line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:", start.size());
  return line.substr(start.size(), end == std::string::npos ? end : end - start.size());
}

Stubs read_stubs() {
  Stubs stubs;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CW_SOURCE_DIR) + "/stdlib/_meta")) {
    const std::string path = "stdlib/_meta/" + entry.path().filename().string();
    std::istringstream lines{to_string(ByteView(source_file(path)))};
    std::string type;
    for (std::string line; std::getline(lines, line);) {
      if (const auto name = name_after(line, "function "); !name.empty()) stubs.functions.insert(name);
      if (const auto name = name_after(line, "---@class "); !name.empty()) type = name;
      if (const auto name = name_after(line, "---@field "); !name.empty()) stubs.fields.insert(type + "." + name);
    }
  }
  return stubs;
}

std::set<std::string> native_functions() {
  std::set<std::string> names;
  for (const lua::NativeModule& module : modules()) {
    const std::string list =
        Story().run("local names = {} for name, value in pairs(require '" + std::string(module.name) +
                    "') do if type(value) == 'function' then names[#names + 1] = name end end "
                    "return table.concat(names, ' ')");
    std::istringstream words(list);
    for (std::string word; words >> word;) names.insert(std::string(module.name) + "." + word);
  }
  for (const lua::HandleType* type : handle_types()) {
    for (const lua::Function& method : type->methods) names.insert(std::string(type->name) + ":" + method.name);
  }
  return names;
}

}  // namespace

TEST(Stubs, NameEveryFunctionThatThereIsAndNoOther) {
  const Stubs stubs = read_stubs();
  const std::set<std::string> native = native_functions();
  EXPECT_GT(native.size(), 30u);
  for (const std::string& name : native) EXPECT_TRUE(stubs.functions.count(name)) << name << " has no stub";
  for (const std::string& name : stubs.functions) EXPECT_TRUE(native.count(name)) << name << " is only a stub";
}

TEST(Stubs, NameFieldsThatHandlesHave) {
  const std::pair<std::string, std::string> handles[] = {
      {"Card", "card"},
      {"Channel", "card:open_channel{ keys = 'isd' }"},
      {"Command", "apdu.parse(hex'00A4040000')"},
      {"Cap", "cap"},
  };
  size_t checked = 0;
  for (const std::string& field : read_stubs().fields) {
    for (const auto& [type, value] : handles) {
      if (field.rfind(type + ".", 0) != 0) continue;
      Story story;
      story.opened(1);
      EXPECT_NE(story.run("return type((" + value + ")." + field.substr(type.size() + 1) + ")"), "nil") << field;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 3u + 8u + 6u + 7u);
}

TEST(Stubs, AreNeverLoaded) {
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CW_SOURCE_DIR) + "/stdlib/_meta")) {
    const Bytes text = source_file("stdlib/_meta/" + entry.path().filename().string());
    EXPECT_EQ(to_string(ByteView(text)).rfind("---@meta\nerror(", 0), 0u) << entry.path();
  }
}

}  // namespace cw::modules::test
