#include "app/tear_flow.h"

#include <algorithm>
#include <iostream>

#include "app/backends.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/paths.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "base/files.h"
#include "scenario/drive.h"
#include "scenario/tear_matrix.h"

namespace cw::app {

namespace {

using Clock = std::chrono::steady_clock;

/// What a cell of the matrix shows.
std::string marks(const report::TearPoint& point) {
  std::string out;
  for (const report::TearPoint::Cell& cell : point.cells) {
    std::string mark = cell.converged ? "ok" : "NOT";
    mark.resize(8, ' ');
    out += mark;
  }
  return out;
}

/// The matrix for people: a row per command, and one for several alike in a row, as the blocks of a LOAD are.
void print(std::ostream& out, const report::TearMatrix& matrix) {
  const auto& points = matrix.points;
  out << matrix.flow << " on " << matrix.flavor << "\n      n  before  inside  after   command\n";
  for (size_t first = 0, last = 0; first < points.size(); first = last + 1) {
    last = first;
    while (last + 1 < points.size() && points[last + 1].command == points[first].command &&
           marks(points[last + 1]) == marks(points[first])) {
      ++last;
    }
    std::string numbers = std::to_string(points[first].number);
    if (last > first) numbers += "-" + std::to_string(points[last].number);
    numbers.insert(0, 7 - std::min<size_t>(7, numbers.size()), ' ');
    out << numbers << "  " << marks(points[first]) << points[first].command << '\n';
  }
  out << '\n';
}

struct Parts {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::shared_ptr<const engine::Policy> policy{};
  std::string flow_name{};
  std::shared_ptr<const engine::Flow> flow{};
  engine::HttpTransport http{};
};

Parts parts_of(const TearFlow& options) {
  if (options.flows.size() != 1) {
    throw Error(ErrorKind::usage, "--tear all takes one flow, as cardwright run does; " +
                                      std::to_string(options.flows.size()) + " are named");
  }
  Parts out;
  out.flow_name = options.flows.front();
  out.bundle = load_bundle();
  if (is_flow_file(out.flow_name)) {
    out.bundle = out.bundle->with_file(out.flow_name);
    out.flow_name = std::filesystem::path(out.flow_name).generic_string();
  }
  out.policy = choose_policy(options.policy, nullptr, *out.bundle).policy;
  out.flow = std::make_shared<engine::Flow>(engine::check_flow(*out.bundle, out.flow_name));
  out.http = Backends::configured().transport();
  return out;
}

engine::RunResult run_once(const Parts& parts, const TearFlow& options, scenario::PlayedCard& card,
                           card::Reader& reader, const scenario::Bounds& bounds) {
  std::vector<engine::Setting> settings;
  for (const std::string& text : options.settings) settings.push_back(engine::Setting::parse(text));
  engine::RunSetup setup;
  setup.bundle = parts.bundle;
  setup.flow_name = parts.flow_name;
  setup.flow = parts.flow;
  setup.policy = parts.policy;
  setup.arguments = engine::Arguments::check(*parts.flow, std::move(settings));
  scenario::put_on(setup, card, reader);
  setup.inputs = engine::Inputs::repeatable(options.seed);
  setup.http = parts.http;
  setup.attempts = 1;
  engine::Run run(std::move(setup));
  scenario::drive(run, bounds, /*backends_pause=*/false);
  return run.result();
}

/// The first cell that did not converge, and why: what a report without the matrix has to say.
std::string first_bad(const report::TearMatrix& matrix) {
  for (const report::TearPoint& point : matrix.points) {
    for (const report::TearPoint::Cell& cell : point.cells) {
      if (cell.converged) continue;
      return "the first: torn " + cell.when + " command " + std::to_string(point.number) + ", " + point.command + ": " +
             cell.why;
    }
  }
  return "";
}

report::Case tear_on(const Parts& parts, const TearFlow& options, scenario::Supply& supply, const std::string& flavor,
                     const std::optional<std::string>& memory, const scenario::Bounds& bounds) {
  report::Case out;
  out.name = "tear " + parts.flow_name;
  out.summary = "torn at every command, " + parts.flow_name + " ends up the same";
  out.file = parts.flow->file;
  out.flavor = flavor;
  out.card = supply.name(flavor);
  const auto begin = Clock::now();
  const auto failure = failure_of([&] {
    const auto card = supply.card(flavor, memory, options.seed);
    scenario::TearSetup setup;
    setup.flow = parts.flow_name;
    setup.flavor = flavor;
    setup.memory = card->chip()->save();
    setup.seed = options.seed;
    setup.check = [&bounds] { bounds.check(); };
    setup.run = [&](card::Reader& reader) { return run_once(parts, options, *card, reader, bounds); };
    out.matrices.push_back(scenario::tear_everywhere(setup));
  });
  out.time = Clock::now() - begin;
  if (failure) {
    if (failure->kind() == ErrorKind::usage) throw *failure;
    // A flow that installs has nothing to tear on a card that installs nothing.
    if (failure->kind() == ErrorKind::card && failure->sw() == 0x6D00 && !se::flavor(flavor).content_management) {
      out.status = report::Case::Status::skipped;
      out.reason = "the flow needs card content management, which this flavor does not have";
      return out;
    }
    out.status = report::Case::Status::failed;
    out.failure = report::Failure{.message = failure->message(), .where = out.file};
    return out;
  }
  const report::TearMatrix& matrix = out.matrices.front();
  if (matrix.converged() == matrix.torn()) return out;
  out.status = report::Case::Status::failed;
  report::Failure unlike;
  unlike.message = std::to_string(matrix.torn() - matrix.converged()) + " of " + std::to_string(matrix.torn()) +
                   " tear points do not converge; " + first_bad(matrix);
  unlike.expected = std::to_string(matrix.torn()) + " converge";
  unlike.actual = std::to_string(matrix.converged()) + " do";
  unlike.where = out.file;
  out.failure = std::move(unlike);
  return out;
}

}  // namespace

ExitStatus tear_flow(const TearFlow& options) {
  const Parts parts = parts_of(options);
  const auto supplies = open_supplies(options.supply);
  scenario::Supply& supply = *supplies.front();
  if (!supply.simulated()) {
    throw Error(ErrorKind::usage,
                "--tear all needs a simulated card, since each tear begins with the same one; use "
                "--card sim:FLAVOR");
  }
  std::optional<std::string> memory;
  if (options.card_state) memory = to_string(read_file(*options.card_state));
  std::vector<std::string> flavors = supply.flavors();
  // "sim" is the flavor that a run would take, or that of the card that is given; "sim:*" are all.
  if (memory) flavors = {se::Card::load(*memory).flavor().name};
  if (!memory && options.supply.card == "sim") flavors.resize(1);
  const std::vector<std::string> offered = supply.flavors();
  for (const std::string& flavor : options.flavors) {
    if (std::find(offered.begin(), offered.end(), flavor) != offered.end()) continue;
    throw Error(ErrorKind::usage, "--flavor " + flavor + " is not what --card " + options.supply.card + " is");
  }
  if (!options.flavors.empty()) flavors = options.flavors;

  TestReports::Options format = options.reports;
  if (format.format.empty()) format.format = "summary";  // the matrix is for people, in a pipe too
  TestReports reports(format, options.seed);
  const Interrupt interrupt;
  scenario::Bounds bounds;
  bounds.stop = &interrupt.requested();
  bounds.sleeps = false;
  reports.begin();
  for (const std::string& flavor : flavors) {
    reports.add(tear_on(parts, options, supply, flavor, memory, bounds));
    if (interrupt.requested()) break;
  }
  reports.end(interrupt.requested());

  size_t torn = 0;
  size_t converged = 0;
  for (const report::Case& one : reports.results().cases) {
    for (const report::TearMatrix& matrix : one.matrices) {
      if (!reports.for_machines()) print(std::cout, matrix);
      torn += matrix.torn();
      converged += matrix.converged();
    }
  }
  std::cout << (reports.for_machines() ? "# " : "") << torn << " tear points, " << converged << " converged"
            << std::endl;
  if (interrupt.requested()) return ExitStatus::interrupted;
  const bool failed = reports.results().count(report::Case::Status::failed) != 0;
  return failed || torn == 0 ? ExitStatus::refused : ExitStatus::ok;
}

}  // namespace cw::app
