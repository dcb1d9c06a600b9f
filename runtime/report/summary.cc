#include "report/summary.h"

#include <algorithm>
#include <set>

#include "report/coverage.h"
#include "report/trace.h"
#include "text_private.h"

namespace cw::report {

namespace {

constexpr const char* kIndent = "   ";
constexpr size_t kSideBySide = 60;  // columns from which two texts stand beside each other

/// "1 command", "2 commands".
std::string counted(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::string Summary::paint(Colour colour, const std::string& text) const {
  return style_.colour && !text.empty() ? cw::paint(colour, text) : text;
}

void Summary::line(const std::string& text) { out_ << text << '\n'; }

void Summary::lines(const std::string& indent, const std::string& text) {
  const size_t room = style_.width > indent.size() + 20 ? style_.width - indent.size() : 0;
  for (const std::string& part : wrapped(printable_lines(text), room)) line(indent + part);
}

std::string Summary::title(const Case& one) const {
  return printable(one.name) + (one.flavor.empty() ? "" : " [" + printable(one.flavor) + "]");
}

void Summary::add(const Case& one) {
  std::string tick;
  std::string more = time_text(one.time, style_.utf8);
  switch (one.status) {
    case Case::Status::passed:
      tick = paint(Colour::green, style_.utf8 ? "✓" : "ok  ");
      break;
    case Case::Status::failed:
      tick = paint(Colour::red, style_.utf8 ? "✗" : "FAIL");
      break;
    case Case::Status::skipped:
      tick = paint(Colour::yellow, style_.utf8 ? "–" : "skip");
      more = printable(one.reason);
      break;
  }
  const size_t taken = style_.utf8 ? 2 : 5;
  const size_t room = style_.width > taken + 20 ? style_.width - taken : 0;
  const std::string name = cut(title(one), room);
  const size_t left = room == 0 ? 0 : room - columns_of(name);
  // Without room for a word more, none.
  line(tick + " " + name + (room != 0 && left < 8 ? "" : paint(Colour::faint, cut("  " + more, left))));
  out_ << std::flush;
}

void Summary::beside(const std::string& expected, const std::string& actual) {
  if (expected.empty() && actual.empty()) return;
  line("");
  if (style_.width < kSideBySide) {
    line(std::string(kIndent) + paint(Colour::bold, "expected"));
    lines(std::string(kIndent) + "  ", expected);
    line(std::string(kIndent) + paint(Colour::bold, "actual"));
    lines(std::string(kIndent) + "  ", actual);
    return;
  }
  const size_t half = (style_.width - 5) / 2;
  const auto left = wrapped(printable_lines(expected), half);
  const auto right = wrapped(printable_lines(actual), half);
  line(kIndent + paint(Colour::bold, padded("expected", half)) + "  " + paint(Colour::bold, "actual"));
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string one = i < left.size() ? left[i] : "";
    const std::string other = i < right.size() ? right[i] : "";
    line(other.empty() ? kIndent + one
                       : kIndent + padded(one, half) + "  " + paint(one == other ? Colour::faint : Colour::red, other));
  }
}

void Summary::failure(const Case& one, size_t number) {
  const Failure failure = one.failure.value_or(Failure{});
  line("");
  line(paint(Colour::red, std::to_string(number) + ") ") + paint(Colour::bold, title(one)) +
       (one.card.empty() ? "" : paint(Colour::faint, "  on " + printable(one.card))));
  if (!one.summary.empty()) lines(kIndent, one.summary);
  if (!failure.where.empty()) line(kIndent + paint(Colour::faint, printable(failure.where)));
  lines(kIndent, failure.message);
  beside(failure.expected, failure.actual);
  if (!failure.likely.empty()) {
    line("");
    lines(kIndent, "Likely: " + failure.likely);
  }
  const auto trace = trace_lines(one, around_failure(one), style_.width > 3 ? style_.width - 3 : 0, style_.utf8);
  if (!trace.empty()) line("");
  for (const TraceLine& text : trace) {
    line(kIndent + (text.failing && text.event ? paint(Colour::red, text.text)
                    : text.failing             ? text.text
                                               : paint(Colour::faint, text.text)));
  }
}

void Summary::matrix(const TearMatrix& matrix) {
  const size_t torn = matrix.torn();
  const size_t converged = matrix.converged();
  const bool all = torn == converged;
  std::string tick = style_.utf8 ? (all ? "✓" : "✗") : (all ? "ok  " : "FAIL");
  line(paint(all ? Colour::green : Colour::red, tick) + " " + printable(matrix.flow) + " [" + printable(matrix.flavor) +
       "]  " + counted(matrix.points.size(), "command") + ", " + counted(torn, "tear point") + ", " +
       std::to_string(converged) + " converged");
  for (const TearPoint& point : matrix.points) {
    for (const TearPoint::Cell& cell : point.cells) {
      if (cell.converged) continue;
      lines("     ", "#" + std::to_string(point.number) + " " + printable(point.command) + ", torn " +
                         printable(cell.when) + ": " + (cell.why.empty() ? "did not converge" : cell.why));
    }
  }
}

void Summary::matrices(const std::vector<TearMatrix>& matrices) {
  size_t torn = 0;
  size_t converged = 0;
  for (const TearMatrix& one : matrices) {
    matrix(one);
    torn += one.torn();
    converged += one.converged();
  }
  line(std::to_string(torn) + " tear points, " + std::to_string(converged) + " converged");
}

void Summary::slow(const Results& results, size_t count) {
  std::vector<const Case*> cases;
  for (const Case& one : results.cases) {
    if (one.status != Case::Status::skipped) cases.push_back(&one);
  }
  std::stable_sort(cases.begin(), cases.end(), [](const Case* a, const Case* b) { return a->time > b->time; });
  cases.resize(std::min(cases.size(), count));
  if (cases.empty()) return;
  line("");
  line(paint(Colour::bold, "Slowest"));
  for (const Case* one : cases) line(kIndent + padded(time_text(one->time, style_.utf8), 9) + " " + title(*one));
}

void Summary::covered(const Results& results) {
  std::set<std::string> names;
  std::set<std::string> flavors;
  std::set<std::pair<std::string, size_t>> answers;
  size_t count = 0;
  for (const Seen& seen : coverage(results)) {
    names.insert(seen.name);
    flavors.insert(seen.flavor);
    for (size_t i = 0; i < kStatusClasses; ++i) {
      if (seen.counts[i] > 0) answers.emplace(seen.name, i);
      count += seen.counts[i];
    }
  }
  if (count == 0) return;
  line("");
  line(paint(Colour::faint, counted(count, "command") + " sent: " + counted(names.size(), "kind") + ", " +
                                counted(answers.size(), "pair") + " of kind and class of status word, " +
                                counted(flavors.size(), "flavor")));
}

void Summary::end(const Results& results, size_t slowest) {
  size_t number = 0;
  for (const Case& one : results.cases) {
    if (one.status == Case::Status::failed) failure(one, ++number);
  }
  std::vector<TearMatrix> all;
  for (const Case& one : results.cases) all.insert(all.end(), one.matrices.begin(), one.matrices.end());
  if (!all.empty()) {
    line("");
    matrices(all);
  }
  if (slowest > 0) slow(results, slowest);
  covered(results);
  line("");
  if (results.seed) line(paint(Colour::faint, "seed " + std::to_string(*results.seed)));
  line(std::to_string(results.count(Case::Status::passed)) + " passed, " +
       std::to_string(results.count(Case::Status::failed)) + " failed, " +
       std::to_string(results.count(Case::Status::skipped)) + " skipped");
  out_ << std::flush;
}

}  // namespace cw::report
