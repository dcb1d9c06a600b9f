#include "report/results.h"

#include <algorithm>

namespace cw::report {

size_t TearMatrix::torn() const {
  size_t sum = 0;
  for (const TearPoint& point : points) sum += point.cells.size();
  return sum;
}

size_t TearMatrix::converged() const {
  size_t sum = 0;
  for (const TearPoint& point : points) {
    sum += static_cast<size_t>(
        std::count_if(point.cells.begin(), point.cells.end(), [](const TearPoint::Cell& c) { return c.converged; }));
  }
  return sum;
}

size_t Results::count(Case::Status status) const {
  return static_cast<size_t>(
      std::count_if(cases.begin(), cases.end(), [status](const Case& one) { return one.status == status; }));
}

const char* name_of(Case::Status status) {
  switch (status) {
    case Case::Status::passed:
      return "passed";
    case Case::Status::failed:
      return "failed";
    case Case::Status::skipped:
      return "skipped";
  }
  return "";
}

const char* name_of(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::attempt:
      return "attempt";
    case Event::Kind::reset:
      return "reset";
    case Event::Kind::channel:
      return "channel";
    case Event::Kind::command:
      return "command";
    case Event::Kind::step:
      return "step";
    case Event::Kind::log:
      return "log";
    case Event::Kind::fault:
      return "fault";
    case Event::Kind::http:
      return "http";
    case Event::Kind::failure:
      return "failure";
    case Event::Kind::run:
      return "run";
  }
  return "";
}

}  // namespace cw::report
