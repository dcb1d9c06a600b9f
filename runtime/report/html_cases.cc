#include <algorithm>
#include <numeric>

#include "html_private.h"
#include "report/trace.h"

namespace cw::report {

namespace {

constexpr size_t kMostCompared = 20'000;  // characters of expected and of actual
constexpr size_t kOpenAtFirst = 3;        // failed cases that are open when the page is

const char* mark_of(Case::Status status) {
  switch (status) {
    case Case::Status::passed:
      return "✓";
    case Case::Status::failed:
      return "✗";
    case Case::Status::skipped:
      return "–";
  }
  return "";
}

bool inside_character(const std::string& text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// `one` with what is not in `other` marked: all between what they begin and end with alike.
std::string marked(const std::string& one, const std::string& other) {
  const size_t shorter = std::min(one.size(), other.size());
  size_t begin = 0;
  while (begin < shorter && one[begin] == other[begin]) ++begin;
  while (begin > 0 && (inside_character(one, begin) || inside_character(other, begin))) --begin;
  size_t tail = 0;
  while (tail < shorter - begin && one[one.size() - 1 - tail] == other[other.size() - 1 - tail]) ++tail;
  while (tail > 0 && (inside_character(one, one.size() - tail) || inside_character(other, other.size() - tail))) --tail;
  // A digit or two in common by chance are no common beginning.
  if (begin + tail < 3) return markup(one);
  const std::string middle = one.substr(begin, one.size() - tail - begin);
  return markup(one.substr(0, begin)) + (middle.empty() ? "" : "<mark>" + markup(middle) + "</mark>") +
         markup(one.substr(one.size() - tail));
}

std::string compared(const Failure& failure) {
  if (failure.expected.empty() && failure.actual.empty()) return "";
  const std::string expected = cut(printable_lines(failure.expected), kMostCompared);
  const std::string actual = cut(printable_lines(failure.actual), kMostCompared);
  return "<div class=\"compare\"><div><h4>Expected</h4><pre>" + marked(expected, actual) +
         "</pre></div><div><h4>Actual</h4><pre>" + marked(actual, expected) + "</pre></div></div>\n";
}

/// The trace around the failure, for pages without JavaScript; the script puts the whole one here.
std::string static_trace(const Case& one) {
  if (one.events.empty()) return "";
  std::string out = "<div class=\"trace\">";
  if (one.status == Case::Status::failed) {
    out += "<pre>";
    for (const TraceLine& line : trace_lines(one, around_failure(one), 400, true)) {
      out += line.failing ? "<b>" + markup(line.text) + "</b>\n" : markup(line.text) + '\n';
    }
    out += "</pre>";
  } else {
    out += "<p class=\"quiet\">" + std::to_string(one.events.size()) + " events</p>";
  }
  return out + "</div>\n";
}

std::string body(const Case& one) {
  std::string out = "<div class=\"body\">\n";
  if (one.status == Case::Status::failed) {
    const Failure failure = one.failure.value_or(Failure{});
    out += "<p class=\"message\">" + text_lines(failure.message) + "</p>\n" + compared(failure);
    if (!failure.likely.empty()) out += "<p class=\"likely\"><b>Likely</b> " + text_lines(failure.likely) + "</p>\n";
  }
  if (one.status == Case::Status::skipped) out += "<p class=\"message\">" + text_lines(one.reason) + "</p>\n";
  out += "<dl class=\"facts small\">";
  const auto fact = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out += std::string("<div><dt>") + name + "</dt><dd>" + value + "</dd></div>";
  };
  fact("Where", text(one.failure ? one.failure->where : ""));
  if (!one.failure || !one.failure->where.starts_with(one.file)) fact("File", text(one.file));
  fact("Card", text(one.card));
  std::string tags;
  for (const std::string& tag : one.tags) tags += "<span class=\"tag\">" + text(tag) + "</span> ";
  fact("Tags", tags);
  return out + "</dl>\n" + static_trace(one) + "</div>";
}

}  // namespace

std::string html_cases(const Results& results, Words& flavors, Words& tags) {
  // Numbers are those of the run; what failed stands first.
  std::vector<size_t> order(results.cases.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_partition(order.begin(), order.end(),
                        [&results](size_t i) { return results.cases[i].status == Case::Status::failed; });
  std::string out = "<div id=\"cases\">\n";
  size_t failed = 0;
  for (const size_t i : order) {
    const Case& one = results.cases[i];
    std::string tag_numbers = " ";
    for (const std::string& tag : one.tags) tag_numbers += std::to_string(tags.number_of(tag)) + ' ';
    const bool open = one.status == Case::Status::failed && ++failed <= kOpenAtFirst;
    const std::string status = name_of(one.status);
    const bool skipped = one.status == Case::Status::skipped;
    out += joined({"<details class=\"case ", status, "\" id=\"c", std::to_string(i + 1), "\" data-state=\"", status,
                   "\" data-flavor=\"", std::to_string(flavors.number_of(one.flavor)), "\" data-tags=\"", tag_numbers,
                   "\" data-time=\"", std::to_string(one.time.count()), open ? "\" open>" : "\">"});
    out += joined({"<summary><span class=\"mark\" role=\"img\" aria-label=\"", status, "\">", mark_of(one.status),
                   "</span><span class=\"name\">", text(one.name), "</span>"});
    out += one.flavor.empty() ? "<span></span>" : "<span class=\"chip\">" + text(one.flavor) + "</span>";
    out += joined({"<span class=\"about\">", text(skipped && !one.reason.empty() ? one.reason : one.summary),
                   "</span><span class=\"time\">", skipped ? "" : time_text(one.time), "</span></summary>\n", body(one),
                   "</details>\n"});
  }
  return out + "</div>\n<p id=\"none\" class=\"quiet\" hidden>No case matches.</p>\n";
}

}  // namespace cw::report
