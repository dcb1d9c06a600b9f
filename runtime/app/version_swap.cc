#include "app/version_swap.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "app/operator_name.h"
#include "app/terminal.h"
#include "base/error.h"

namespace cw::app {

void SwapOptions::add_version_to(CLI::App& command) {
  command.add_option("VERSION", version, "its hash, the first digits of it, or its name")->required()->type_name("");
}

void SwapOptions::add_reason_to(CLI::App& command) {
  command.add_option("--reason", reason, "why; it is kept in the audit, so no secret")->type_name("TEXT");
}

void want_one_line(const std::string& reason) {
  if (printable(reason) == reason) return;
  throw Error(ErrorKind::usage, "the reason for the audit has characters that cannot be printed; write one line");
}

void use_version(store::Store& store, const VersionKind& kind, const SwapOptions& options) {
  store::Versions& versions = (store.*kind.versions)();
  const store::Version version = versions.find(options.version);
  kind.readable(store, version.hash);  // nothing that this program cannot read comes into use
  versions.use(version.hash, operator_name(), options.reason);
  std::cout << shown(kind, version) << " is in use: every run on this store that begins from now on is under it"
            << std::endl;
}

void roll_back(const VersionKind& kind, const SwapOptions& options) {
  want_one_line(options.reason);
  const auto store = options.place.open_to_change();
  store::Versions& versions = (*store.*kind.versions)();
  const std::vector<store::Use> history = versions.history();
  if (history.size() > 1) kind.readable(*store, history[1].hash);
  const store::Use now = versions.roll_back(operator_name(), options.reason);
  std::cout << shown(kind, versions.find(now.hash)) << " is in use again" << std::endl;
}

void discard_version(const VersionKind& kind, const SwapOptions& options) {
  const auto store = options.place.open_to_change();
  store::Versions& versions = (*store.*kind.versions)();
  const store::Version version = versions.find(options.version);
  versions.discard(version.hash, operator_name());
  std::cout << shown(kind, version) << " is discarded";
  if (version.runs > 0) std::cout << "; runs that began under it keep it to their end: " << version.runs;
  std::cout << std::endl;
}

}  // namespace cw::app
