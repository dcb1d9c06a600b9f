#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/failure.h"
#include "app/session.h"
#include "app/trace.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "engine/shown.h"

namespace cw::app {

namespace {

struct Options {
  SessionOptions session{};
  std::vector<std::string> commands{};
};

/// Prints what travels, decoded, and remembers where the card said no.
class Decoded : public Trace {
 public:
  using Trace::Trace;
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds time) override {
    Trace::exchanged(command, channel, answer, time);
    ++sent_;
    const uint8_t sw1 = static_cast<uint8_t>(answer.sw >> 8);
    if (answer.sw == 0x9000 || sw1 == 0x61 || sw1 == 0x62 || sw1 == 0x63) return;
    refusals_.push_back("#" + std::to_string(sent_) + " " + engine::describe(command) + ": " +
                        engine::describe(answer.sw, command));
  }
  /// The last line on standard error says it.
  void attempt_failed(const Error&, bool) override {}

  /// The first command that the card refused, and how many there were; empty: none.
  std::optional<Error> refusal() const {
    if (refusals_.empty()) return {};
    return Error(ErrorKind::card, "the card refused " + std::to_string(refusals_.size()) + " of " +
                                      std::to_string(sent_) + " commands; first " + refusals_.front());
  }

 private:
  size_t sent_ = 0;
  std::vector<std::string> refusals_{};
};

/// One command per line; empty lines and lines that begin with # are skipped.
std::vector<std::string> read_lines(std::istream& in) {
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin != std::string::npos && line[begin] != '#') out.push_back(line);
  }
  return out;
}

/// Upper-case hex without spaces, checked to be a command.
std::string checked(const std::string& text, size_t number) {
  Bytes bytes;
  const auto failure = failure_of([&] {
    bytes = from_hex(text);
    card::Apdu::parse(bytes);
  });
  if (failure) throw failure->within("APDU " + std::to_string(number));
  return to_hex(bytes);
}

ExitStatus send(const Options& options) {
  Session session(options.session);
  std::vector<std::string> commands = options.commands;
  if (commands == std::vector<std::string>{"-"}) commands = read_lines(std::cin);
  if (commands.empty()) throw Error(ErrorKind::usage, "there is no command on standard input; nothing was sent");
  std::string lines;
  for (size_t i = 0; i < commands.size(); ++i) lines += checked(commands[i], i + 1) + "\n";

  std::vector<engine::Setting> settings;
  settings.push_back({"commands", lines});
  const std::string flow = "_tools/send";
  Decoded observer(std::cout, {.times = false, .all_answers = true});
  const Session::Outcome outcome = session.run(
      flow, engine::Arguments::check(engine::check_flow(session.bundle(), flow), std::move(settings)), observer);
  session.save();
  if (outcome.interrupted) return ExitStatus::interrupted;
  if (outcome.result.error) {
    complain(without_place(*outcome.result.error, "scripts/_tools/send.lua"));
    return status_of_run(outcome.result.error->kind());
  }
  session.check_trace();
  if (const auto refusal = observer.refusal()) throw *refusal;
  return ExitStatus::ok;
}

}  // namespace

void add_send(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("send", "Send raw APDUs and decode both directions");
  auto options = std::make_shared<Options>();
  options->session.add_to(*command);
  options->session.add_recording_to(*command);
  options->session.add_store_to(*command, SessionOptions::Keeps::counts);
  command->add_option("APDU", options->commands, "hex; one argument per command; - reads them from standard input")
      ->required()
      ->type_name("");
  command->footer(
      "The card is reset first. Commands pass the gate as those of a flow do. The exit status is 1 if the card "
      "refused\n"
      "any of them. No run is kept, since nobody could go on with it. The store counts loads and installs that fail,\n"
      "and its audit says who was at the card; for a simulated card only where a store is named.\n"
      "\n"
      "Examples:\n"
      "  cardwright send --card sim 00A4040000 80CA9F7F00\n"
      "  cardwright send --card sim - < commands.txt");
  command->callback([options, &action] { action = [options] { return send(*options); }; });
}

}  // namespace cw::app
