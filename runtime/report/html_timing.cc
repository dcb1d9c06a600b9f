#include <algorithm>
#include <cmath>
#include <cstdint>

#include "html_private.h"

namespace cw::report {

namespace {

/// Decades of nanoseconds, from one below the shortest time to one above the longest.
class LogScale {
 public:
  explicit LogScale(const std::vector<Timing>& rows) {
    int64_t least = INT64_MAX;
    int64_t most = 1;
    for (const Timing& row : rows) {
      least = std::min(least, row.median.count());
      most = std::max(most, row.max.count());
    }
    first_ = static_cast<int>(std::floor(std::log10(static_cast<double>(std::max<int64_t>(least, 1)))));
    last_ = std::max(first_ + 1, static_cast<int>(std::ceil(std::log10(static_cast<double>(most)))));
  }
  int first() const { return first_; }
  int last() const { return last_; }
  /// In hundredths of a percent of the width, with room for a dot at both ends.
  int at(double nanoseconds) const {
    const double part = (std::log10(std::max(nanoseconds, 1.0)) - first_) / (last_ - first_);
    return static_cast<int>(std::lround(100 + 9800 * std::clamp(part, 0.0, 1.0)));
  }

 private:
  int first_ = 0;
  int last_ = 1;
};

/// "12.5%", with a dot in every locale.
std::string percent(int hundredths) {
  const int rest = hundredths % 100;
  return std::to_string(hundredths / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest) + "%";
}

std::string decade_text(int decade) {
  const auto time = std::chrono::nanoseconds(static_cast<int64_t>(std::llround(std::pow(10, decade))));
  if (time.count() < 1000) return std::to_string(time.count()) + " ns";
  if (time.count() < 1'000'000) return std::to_string(time.count() / 1000) + " µs";
  if (time.count() < 1'000'000'000) return std::to_string(time.count() / 1'000'000) + " ms";
  return std::to_string(time.count() / 1'000'000'000) + " s";
}

std::string grid(const LogScale& scale) {
  std::string out;
  for (int decade = scale.first(); decade <= scale.last(); ++decade) {
    const std::string x = percent(scale.at(std::pow(10, decade)));
    out += joined({"<line class=\"grid\" x1=\"", x, "\" x2=\"", x, "\" y1=\"0\" y2=\"100%\"/>"});
  }
  return out;
}

std::string axis(const LogScale& scale) {
  std::string out = "<svg class=\"axis\" width=\"100%\" height=\"20\" aria-hidden=\"true\">";
  for (int decade = scale.first(); decade <= scale.last(); ++decade) {
    const char* anchor = decade == scale.first() ? "start" : decade == scale.last() ? "end" : "middle";
    out += "<text x=\"" + percent(scale.at(std::pow(10, decade))) + "\" y=\"14\" text-anchor=\"" + anchor + "\">" +
           decade_text(decade) + "</text>";
  }
  return out + "</svg>";
}

std::string chart(const Timing& row, const LogScale& scale) {
  const auto x = [&scale](std::chrono::nanoseconds time) {
    return percent(scale.at(static_cast<double>(time.count())));
  };
  const std::string median = x(row.median);
  return "<svg width=\"100%\" height=\"24\" aria-hidden=\"true\">" + grid(scale) + "<line class=\"range\" x1=\"" +
         median + "\" x2=\"" + x(row.max) + "\" y1=\"12\" y2=\"12\"/><line class=\"most\" x1=\"" + median + "\" x2=\"" +
         x(row.p95) + "\" y1=\"12\" y2=\"12\"/><line class=\"end\" x1=\"" + x(row.max) + "\" x2=\"" + x(row.max) +
         "\" y1=\"7\" y2=\"17\"/><circle cx=\"" + median + "\" cy=\"12\" r=\"5\"/></svg>";
}

}  // namespace

std::string html_timing(const std::vector<Timing>& rows) {
  if (rows.empty()) return "";
  const LogScale scale(rows);
  std::string out =
      "<p class=\"lead\">Time of the reader for each kind of command, that with the greatest total first. The dot is "
      "the "
      "median, the thick line ends at the 95th percentile, the thin one at the longest. Logarithmic.</p>\n"
      "<div class=\"card\"><table class=\"timing\"><thead><tr><th scope=\"col\">Command</th><th scope=\"col\" "
      "class=\"num\">Count</th><th scope=\"col\" class=\"plot\"><span class=\"hidden\">Chart</span>" +
      axis(scale) +
      "</th><th scope=\"col\" class=\"num\">Median</th><th scope=\"col\" class=\"num\">95 %</th><th scope=\"col\" "
      "class=\"num\">Longest</th></tr></thead><tbody>\n";
  for (size_t i = 0; i < std::min(rows.size(), kMostCommands); ++i) {
    const Timing& row = rows[i];
    const auto time = [](const char* name, std::chrono::nanoseconds value) {
      return std::string("<td class=\"num\" data-name=\"") + name + "\">" + time_text(value) + "</td>";
    };
    out += "<tr><th scope=\"row\">" + text(row.name, 60) + "</th><td class=\"num\" data-name=\"count\">" +
           std::to_string(row.count) + "</td><td class=\"plot\">" + chart(row, scale) + "</td>" +
           time("median", row.median) + time("95 %", row.p95) + time("longest", row.max) + "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (rows.size() > kMostCommands) {
    out += "<p class=\"quiet\">And " + std::to_string(rows.size() - kMostCommands) + " more kinds of command.</p>\n";
  }
  return out;
}

}  // namespace cw::report
