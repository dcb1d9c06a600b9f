#include "report/html.h"

#include <algorithm>
#include <numeric>

#include "html_private.h"

namespace cw::report {

namespace {

std::string number(size_t value) { return std::to_string(value); }

std::string verdict(const Results& results) {
  const size_t failed = results.count(Case::Status::failed);
  const size_t passed = results.count(Case::Status::passed);
  const size_t all = results.cases.size();
  if (all == 0) return "No cases were run";
  if (failed > 0) return number(failed) + " of " + number(all) + (all == 1 ? " case failed" : " cases failed");
  if (passed == all) return all == 1 ? "The case passed" : "All " + number(all) + " cases passed";
  if (passed == 0) return "All cases were skipped";
  return number(passed) + " passed, " + number(all - passed) + " skipped";
}

/// A bar of three parts, as wide as their counts.
std::string proportions(const Results& results) {
  std::string out = "<div class=\"bar\" aria-hidden=\"true\">";
  for (const Case::Status status : {Case::Status::failed, Case::Status::passed, Case::Status::skipped}) {
    const size_t count = results.count(status);
    if (count > 0) {
      out += std::string("<span class=\"") + name_of(status) + "\" style=\"flex-grow:" + number(count) + "\"></span>";
    }
  }
  return out + "</div>\n";
}

std::string header(const Results& results, size_t flavors, size_t commands) {
  const bool bad = results.count(Case::Status::failed) > 0;
  std::string out = "<header>\n<p class=\"program\">" + text(results.program) + " test report</p>\n<h1 class=\"" +
                    (bad ? "failed" : "passed") + "\">" + verdict(results) + "</h1>\n" + proportions(results) +
                    "<dl class=\"facts\">\n";
  const auto fact = [&out](const char* name, const std::string& value) {
    out += std::string("<div><dt>") + name + "</dt><dd>" + value + "</dd></div>\n";
  };
  fact("Passed", number(results.count(Case::Status::passed)));
  fact("Failed", number(results.count(Case::Status::failed)));
  fact("Skipped", number(results.count(Case::Status::skipped)));
  fact("Flavors", number(flavors));
  fact("Commands", number(commands));
  fact("Time", time_text(results.time));
  if (!results.started.empty()) fact("Started", text(results.started));
  if (results.seed) fact("Seed", "<code>" + std::to_string(*results.seed) + "</code>");
  return out + "</dl>\n</header>\n";
}

std::string option(const std::string& value, const std::string& shown) {
  return "<option value=\"" + value + "\">" + shown + "</option>";
}

std::string choice(const char* id, const char* label, const char* any, const Words& words) {
  std::string out = std::string("<label>") + label + " <select id=\"" + id + "\">" + option("", any);
  std::vector<std::pair<std::string, size_t>> sorted;
  for (size_t i = 0; i < words.all().size(); ++i) sorted.emplace_back(words.all()[i], i);
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [word, i] : sorted) out += option(number(i), word.empty() ? "none" : text(word, 40));
  return out + "</select></label>\n";
}

/// Hidden until the script, which it needs, shows it.
std::string filters(const Results& results, const Words& flavors, const Words& tags) {
  std::string out =
      "<form class=\"filters\" id=\"filters\" hidden>\n<label class=\"find\">Find <input id=\"find\" type=\"search\" "
      "placeholder=\"name, tag, command, 6A88\" autocomplete=\"off\" spellcheck=\"false\"></label>\n"
      "<div class=\"states\" role=\"group\" aria-label=\"Status\">";
  const auto state = [&out](const char* value, const char* name, size_t count) {
    out += std::string("<button type=\"button\" data-state=\"") + value + "\" aria-pressed=\"" +
           (*value == '\0' ? "true" : "false") + "\">" + name + " <span>" + number(count) + "</span></button>";
  };
  state("", "All", results.cases.size());
  state("failed", "Failed", results.count(Case::Status::failed));
  state("passed", "Passed", results.count(Case::Status::passed));
  state("skipped", "Skipped", results.count(Case::Status::skipped));
  out += "</div>\n" + choice("flavor", "Flavor", "all", flavors);
  if (!tags.all().empty()) out += choice("tag", "Tag", "all", tags);
  out += "<label>Order <select id=\"order\">" + option("", "failed first") + option("run", "as run") +
         option("time", "slowest first") + option("name", "by name") + "</select></label>\n";
  return out + "<p id=\"shown\" role=\"status\"></p>\n</form>\n";
}

std::string section(const char* id, const char* title, const std::string& content) {
  return std::string("<section id=\"") + id + "\" aria-labelledby=\"" + id + "-title\">\n<h2 id=\"" + id + "-title\">" +
         title + "</h2>\n" + content + "</section>\n";
}

}  // namespace

size_t Words::number_of(const std::string& word) {
  const auto [at, added] = numbers_.emplace(word, words_.size());
  if (added) words_.push_back(word);
  return at->second;
}

std::string html(const Results& results) {
  Words flavors;
  Words tags;
  const std::string cases = html_cases(results, flavors, tags);
  const std::vector<Seen> seen = coverage(results);
  size_t commands = 0;
  for (const Seen& one : seen) commands = std::accumulate(one.counts.begin(), one.counts.end(), commands);
  const std::string matrices = html_matrices(results);
  const std::string times = html_timing(timing(results));
  const std::string covered = html_coverage(seen, flavors);

  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      // Nothing may be fetched, whatever a text from outside might have become.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
      verdict(results) + " - " + text(results.program) + "</title>\n<style>\n";
  out += html_style();
  out += "</style>\n</head>\n<body>\n" + header(results, flavors.all().size(), commands);
  out += "<nav aria-label=\"Parts of this report\"><a href=\"#results\">Results</a>";
  if (!matrices.empty()) out += "<a href=\"#faults\">Faults</a>";
  if (!times.empty()) out += "<a href=\"#timing\">Timing</a><a href=\"#coverage\">Coverage</a>";
  out +=
      "</nav>\n<main>\n<noscript><p class=\"note\">Without JavaScript this page shows cases and failures; whole traces "
      "and filters need it.</p></noscript>\n";
  out += section("results", "Results", filters(results, flavors, tags) + cases);
  if (!matrices.empty()) out += section("faults", "Faults", matrices);
  if (!times.empty()) out += section("timing", "Timing", times) + section("coverage", "Coverage", covered);
  out += "</main>\n<script type=\"application/json\" id=\"data\">" + html_data(results, seen, flavors) +
         "</script>\n<script>\n";
  out += html_script();
  return out += "</script>\n</body>\n</html>\n";
}

}  // namespace cw::report
