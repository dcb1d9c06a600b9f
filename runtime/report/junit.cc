#include "report/junit.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "report/trace.h"
#include "text_private.h"

namespace cw::report {

namespace {

constexpr size_t kTraceBefore = 1500;
constexpr size_t kTraceAfter = 499;

/// An attribute with a space before it. Takes any text.
std::string attribute(const char* name, std::string_view text) {
  return std::string(" ") + name + "=\"" + markup(printable(text)) + '"';
}

/// Servers take what is before the last dot as a package: "sim:generic" becomes "sim.generic".
std::string class_name(const Case& one) {
  std::string out = one.card;
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == ':' || c == ' ' || c == '/'; }, '.');
  if (one.card.empty() || one.card.find(one.flavor) == std::string::npos) {
    out += (out.empty() ? "cards." : ".") + one.flavor;
  }
  return out;
}

/// Expected, actual, likely and where, one below the other.
std::string explained(const Failure& failure) {
  std::string out = failure.message + '\n';
  const auto part = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out += std::string(name) + value + '\n';
  };
  part("expected: ", failure.expected);
  part("actual:   ", failure.actual);
  part("likely:   ", failure.likely);
  part("where:    ", failure.where);
  return out;
}

void add_case(const Case& one, std::string& out) {
  out += "    <testcase" + attribute("classname", class_name(one)) + attribute("name", one.name);
  if (!one.file.empty()) out += attribute("file", one.file);
  out += attribute("time", seconds(one.time));
  if (one.status == Case::Status::passed) {
    out += "/>\n";
    return;
  }
  out += ">\n";
  if (one.status == Case::Status::skipped) {
    out += "      <skipped" + attribute("message", one.reason) + "/>\n";
  } else {
    const Failure failure = one.failure.value_or(Failure{});
    out += "      <failure type=\"failure\"" + attribute("message", failure.message) + ">" +
           markup(printable_lines(explained(failure))) + "</failure>\n";
    if (!one.events.empty()) {
      out += "      <system-out>";
      for (const TraceLine& line : trace_lines(one, around_failure(one, kTraceBefore, kTraceAfter), 0, true)) {
        out += markup(line.text) + '\n';
      }
      out += "</system-out>\n";
    }
  }
  out += "    </testcase>\n";
}

std::string counts(const std::vector<const Case*>& cases) {
  const auto count = [&cases](Case::Status status) {
    return std::to_string(
        std::count_if(cases.begin(), cases.end(), [status](const Case* one) { return one->status == status; }));
  };
  return attribute("tests", std::to_string(cases.size())) + attribute("failures", count(Case::Status::failed)) +
         attribute("errors", "0") + attribute("skipped", count(Case::Status::skipped));
}

/// ISO 8601, if `started` begins as it does: "2026-03-01 12:00:00".
std::string timestamp(std::string started) {
  constexpr std::string_view kShape = "0000-00-00 00:00:00";
  if (started.size() < kShape.size()) return "";
  started.resize(kShape.size());
  if (started[10] == 'T') started[10] = ' ';
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = started[i] >= '0' && started[i] <= '9';
    if (kShape[i] == '0' ? !digit : started[i] != kShape[i]) return "";
  }
  started[10] = 'T';
  return started;
}

void add_suite(const std::vector<const Case*>& cases, const Results& results, std::string& out) {
  const Case& first = *cases.front();
  std::chrono::nanoseconds time{};
  for (const Case* one : cases) time += one->time;
  out += "  <testsuite" + attribute("name", class_name(first)) + counts(cases) + attribute("time", seconds(time));
  const std::string when = timestamp(results.started);
  if (!when.empty()) out += attribute("timestamp", when);
  out += ">\n    <properties>\n";
  const auto property = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out += "      <property" + attribute("name", name) + attribute("value", value) + "/>\n";
  };
  property("program", results.program);
  property("card", first.card);
  property("flavor", first.flavor);
  property("seed", results.seed ? std::to_string(*results.seed) : "not given");
  out += "    </properties>\n";
  for (const Case* one : cases) add_case(*one, out);
  out += "  </testsuite>\n";
}

}  // namespace

std::string junit(const Results& results) {
  // In the order in which their first case ran.
  std::vector<std::pair<std::pair<std::string, std::string>, std::vector<const Case*>>> suites;
  for (const Case& one : results.cases) {
    const std::pair key{one.card, one.flavor};
    auto at = std::find_if(suites.begin(), suites.end(), [&key](const auto& suite) { return suite.first == key; });
    if (at == suites.end()) at = suites.insert(suites.end(), {key, {}});
    at->second.push_back(&one);
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + attribute("name", results.program) +
                    attribute("tests", std::to_string(results.cases.size())) +
                    attribute("failures", std::to_string(results.count(Case::Status::failed))) +
                    attribute("errors", "0") + attribute("time", seconds(results.time)) + ">\n";
  for (const auto& [key, cases] : suites) add_suite(cases, results, out);
  return out += "</testsuites>\n";
}

}  // namespace cw::report
