#include <algorithm>
#include <map>

#include "html_private.h"

namespace cw::report {

namespace {

struct Row {
  std::array<size_t, kStatusClasses> counts{};
  std::array<std::vector<std::string>, kStatusClasses> flavors{};
};

/// How dark a cell is: seen a few times, often, very often.
const char* level(size_t count) { return count == 0 ? "" : count < 10 ? " l1" : count < 100 ? " l2" : " l3"; }

std::string cell(const std::string& name, const Row& row, size_t i) {
  const size_t count = row.counts[i];
  if (count == 0) return "<td class=\"cell\"><span class=\"quiet\">·</span></td>";
  std::string title = name + ": " + name_of(static_cast<StatusClass>(i)) + " on";
  for (const std::string& flavor : row.flavors[i]) title += " " + flavor;
  return std::string("<td class=\"cell") + level(count) + "\" title=\"" + text(title, 300) + "\">" +
         std::to_string(count) + "</td>";
}

}  // namespace

std::string html_coverage(const std::vector<Seen>& seen, Words& flavors) {
  std::map<std::string, Row> rows;
  for (const Seen& one : seen) {
    Row& row = rows[one.name];
    for (size_t i = 0; i < kStatusClasses; ++i) {
      row.counts[i] += one.counts[i];
      if (one.counts[i] > 0) row.flavors[i].push_back(one.flavor);
    }
  }
  if (rows.empty()) return "";
  size_t pairs = 0;
  for (const auto& [name, row] : rows) {
    pairs += static_cast<size_t>(
        std::count_if(row.counts.begin(), row.counts.end(), [](size_t count) { return count > 0; }));
  }

  std::string out = "<p class=\"lead\">Which command has got which class of status word, and how often: " +
                    std::to_string(rows.size()) + (rows.size() == 1 ? " kind" : " kinds") + " of command, " +
                    std::to_string(pairs) +
                    " pairs seen.</p>\n"
                    "<p class=\"filters\" id=\"covered-filter\" hidden><label>Flavor <select id=\"covered\"><option "
                    "value=\"\">all</option>";
  std::map<std::string, size_t> names;
  for (const Seen& one : seen) names.emplace(one.flavor, flavors.number_of(one.flavor));
  for (const auto& [name, number] : names) {
    out += "<option value=\"" + std::to_string(number) + "\">" + (name.empty() ? "none" : text(name, 40)) + "</option>";
  }
  out +=
      "</select></label></p>\n<div class=\"card scroll\" tabindex=\"0\"><table class=\"coverage\" "
      "id=\"coverage-table\">"
      "<thead><tr><th scope=\"col\">Command</th>";
  for (size_t i = 0; i < kStatusClasses; ++i) {
    const auto status = static_cast<StatusClass>(i);
    out += std::string("<th scope=\"col\" class=\"cell\" title=\"") + meaning_of(status) + "\">" + name_of(status) +
           "</th>";
  }
  out += "</tr></thead><tbody>\n";
  size_t listed = 0;
  for (const auto& [name, row] : rows) {
    if (++listed > kMostCommands) break;
    out += "<tr><th scope=\"row\">" + text(name, 60) + "</th>";
    for (size_t i = 0; i < kStatusClasses; ++i) out += cell(name, row, i);
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (rows.size() > kMostCommands) {
    out += "<p class=\"quiet\">And " + std::to_string(rows.size() - kMostCommands) + " more kinds of command.</p>\n";
  }
  return out;
}

}  // namespace cw::report
