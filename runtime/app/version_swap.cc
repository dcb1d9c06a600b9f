#include "app/version_swap.h"

#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/json_text.h"
#include "app/terminal.h"
#include "app/version_change.h"
#include "base/error.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

service::OperatorCommand command_of(service::Ask ask, const SwapOptions& options) {
  service::OperatorCommand out{ask, {}, {}};
  if (!options.version.empty()) out.words["version"] = options.version;
  if (!options.canary.empty()) out.words["canary"] = options.canary;
  if (!options.reason.empty()) out.words["reason"] = options.reason;
  return out;
}

}  // namespace

void SwapOptions::add_version_to(CLI::App& command) {
  command.add_option("VERSION", version, "its hash, the first digits of it, or its name")->required()->type_name("");
}

void SwapOptions::add_canary_to(CLI::App& command) {
  command
      .add_option("--canary", canary, "for this part of the runs only, until it is seen whether they fail more often")
      ->type_name("PERCENT");
}

void SwapOptions::add_reason_to(CLI::App& command) {
  command.add_option("--reason", reason, "why; it is kept in the audit, so no secret")->type_name("TEXT");
}

void want_one_line(const std::string& reason) {
  if (printable(reason) == reason) return;
  throw Error(ErrorKind::usage, "the reason for the audit has characters that cannot be printed; write one line");
}

void use_version(const SwapWords& words, const SwapOptions& options) {
  want_one_line(options.reason);
  if (!options.canary.empty()) parse_share(options.canary);
  std::cout << told(words.kind(), options.place.answer(command_of(words.use, options)),
                    " is in use: every run on this store that begins from now on is under it")
            << std::endl;
}

void roll_back(const SwapWords& words, const SwapOptions& options) {
  want_one_line(options.reason);
  std::cout << told(words.kind(), options.place.answer(command_of(words.roll_back, options)), " is in use again")
            << std::endl;
}

void discard_version(const SwapWords& words, const SwapOptions& options) {
  const ordered_json answer = options.place.answer(command_of(words.discard, options));
  std::cout << printable(std::string(words.kind().what) + " " + text_in(answer, "name") + " " +
                         text_in(answer, "hash").substr(0, 12))
            << " is discarded";
  if (const auto runs = answer.at("runs").get<int64_t>(); runs > 0) {
    std::cout << "; runs that began under it keep it to their end: " << runs;
  }
  std::cout << std::endl;
}

}  // namespace cw::app
