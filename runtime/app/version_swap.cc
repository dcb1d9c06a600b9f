#include "app/version_swap.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "app/bundle_source.h"
#include "app/operator_name.h"
#include "app/terminal.h"
#include "app/version_change.h"
#include "base/error.h"

namespace cw::app {

namespace {

constexpr const char* kInUse = " is in use: every run on this store that begins from now on is under it";

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

void use_version(store::Store& store, const VersionKind& kind, const SwapOptions& options, const Signers& signers) {
  store::Versions& versions = (store.*kind.versions)();
  VersionChange change;
  change.signers = signers;
  change.hash = versions.find(options.version).hash;
  change.share = options.canary.empty() ? 0 : parse_share(options.canary);
  change.by = operator_name();
  change.reason = options.reason;
  std::cout << told(kind, change_version(store, kind, change, *load_bundle()), kInUse) << std::endl;
}

void roll_back(const VersionKind& kind, const SwapOptions& options) {
  want_one_line(options.reason);
  const auto store = options.place.open_to_change();
  VersionChange change;
  change.is = VersionChange::Is::rollback;
  change.by = operator_name();
  change.reason = options.reason;
  std::cout << told(kind, change_version(*store, kind, change, *load_bundle()), " is in use again") << std::endl;
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
