#include "app/bundle_answers.h"

#include <sstream>

#include "app/line_diff.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

std::vector<std::string> lines_of(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  if (found == texts.end()) return {};
  std::vector<std::string> out;
  std::istringstream in(found->second);
  for (std::string line; std::getline(in, line);) out.push_back(std::move(line));
  return out;
}

}  // namespace

ordered_json diff_answer(const engine::Bundle& before, const engine::Bundle& after) {
  std::map<std::string, std::string> all = before.texts();
  all.insert(after.texts().begin(), after.texts().end());
  ordered_json files = ordered_json::array();
  for (const auto& each : all) {
    const std::string& name = each.first;
    const bool was = before.texts().contains(name), is = after.texts().contains(name);
    if (was && is && before.texts().at(name) == after.texts().at(name)) continue;
    ordered_json lines = ordered_json::array();
    for (const LineChange& change : diff_lines(lines_of(before.texts(), name), lines_of(after.texts(), name))) {
      lines.push_back({{"is", change.added ? "added" : "removed"}, {"line", change.line}});
    }
    files.push_back({{"file", name}, {"is", !was ? "added" : !is ? "removed" : "changed"}, {"lines", lines}});
  }
  return {{"before", before.hash()}, {"after", after.hash()}, {"files", files}};
}

}  // namespace cw::app
