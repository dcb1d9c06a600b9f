#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/desk_place.h"
#include "app/failure.h"
#include "app/json_text.h"
#include "app/live_screen.h"
#include "app/top_view.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

constexpr std::chrono::seconds kEach{1};
constexpr std::chrono::seconds kRateOver{10};  // so long, at least, are the rates over, once it ran that long
constexpr int64_t kRuns = 50;

struct Options {
  DeskPlace place{};
  bool once = false;
  bool json = false;
};

/// Those under way, then the newest of the others.
ordered_json runs_of(service::Desk& desk) {
  ordered_json out = ordered_json::array();
  const auto add = [&](const char* state) {
    service::OperatorCommand command{Ask::run_list, {}, {{"limit", kRuns}, {"steps", kRuns}}};
    if (*state != '\0') command.words["state"] = state;
    const ordered_json answer = desk.answer(command, "");
    for (const ordered_json& run : answer.at("runs")) {
      const std::string its = text_in(run, "state");
      const bool told = *state == '\0' && (its == "running" || its == "stuck" || its == "waiting");
      if (!told) out.push_back(run);
    }
  };
  for (const char* state : {"running", "stuck", "waiting", ""}) add(state);
  return out;
}

TopMoment moment_of(service::Desk& desk, bool is_service) {
  TopMoment out;
  out.overview = desk.answer({Ask::overview, {}, {}}, "");
  out.runs = runs_of(desk);
  if (is_service) out.health = desk.answer({Ask::health, {}, {}}, "");
  return out;
}

std::string where_of(const DeskPlace& place) {
  return place.is_remote() ? place.service.url : place.store.where().value_or("");
}

ExitStatus print_once(const Options& options, const TopMoment& moment) {
  if (options.json) {
    print_json({{"overview", moment.overview}, {"health", moment.health}, {"runs", moment.runs}});
  } else {
    std::cout << top_picture(moment, {}, where_of(options.place), Terminal::of(STDOUT_FILENO), 0) << std::flush;
  }
  return ExitStatus::ok;
}

/// What cannot be asked for once it runs stands on the screen until it can be again.
ExitStatus watch(const Options& options, service::Desk& desk) {
  LiveScreen screen;  // first of all, so that the threads of a store leave signals to it
  const std::string where = where_of(options.place);
  TopMoment now = moment_of(desk, options.place.is_remote());
  TopMoment before = now, next_before = now;
  std::optional<TopRates> rates;
  std::string trouble;
  do {
    const Terminal terminal = Terminal::of(STDOUT_FILENO);
    const size_t height = LiveScreen::height();
    const std::string warning =
        trouble.empty() ? ""
                        : terminal.paint(Terminal::Colour::red, head_of(printable(trouble), terminal.width)) + "\n";
    screen.draw(warning + top_picture(now, rates, where, terminal, height - (warning.empty() ? 0 : 1)));
    if (!screen.wait(kEach)) break;
    trouble.clear();
    if (const auto failure = failure_of([&] { now = moment_of(desk, options.place.is_remote()); })) {
      trouble = failure->message();
      continue;
    }
    rates = rates_between(before, now);
    const int64_t since = now.overview.at("now").get<int64_t>() - next_before.overview.at("now").get<int64_t>();
    if (since < std::chrono::milliseconds(kRateOver).count()) continue;
    before = std::exchange(next_before, now);
  } while (true);
  return ExitStatus::ok;
}

ExitStatus top(const Options& options) {
  DeskPlace place = options.place;
  place.service.deadline = std::chrono::seconds(5);  // who hangs is not waited for: Ctrl-C is heard between answers
  const std::unique_ptr<service::Desk> desk = place.desk();
  const bool once = options.once || options.json || !Terminal::of(STDOUT_FILENO).interactive;
  return once ? print_once(options, moment_of(*desk, place.is_remote())) : watch(options, *desk);
}

}  // namespace

void add_top(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("top", "Watch a store or a service: runs, waits, rates, what is in use");
  auto options = std::make_shared<Options>();
  options->place.add_to(*command);
  command->add_flag("--once", options->once, "print one picture and end");
  command->add_flag("--json", options->json, "one JSON object, and end");
  command->footer(
      "Drawn anew each second; q or Ctrl-C ends it. Where the output is no terminal, one picture is printed.\n"
      "\n"
      "Examples:\n"
      "  cardwright top\n"
      "  cardwright top --service http+unix:///run/cardwright/operator --once");
  command->callback([options, &action] { action = [options] { return top(*options); }; });
}

}  // namespace cw::app
