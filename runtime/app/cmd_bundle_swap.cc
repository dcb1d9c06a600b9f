#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/bundle_source.h"
#include "app/json_text.h"
#include "app/terminal.h"
#include "app/version_swap.h"
#include "base/error.h"
#include "base/files.h"
#include "cmd_bundle_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

constexpr size_t kLargestTrust = 256u << 10;
constexpr SwapWords kWords{bundle_kind, Ask::bundle_use, Ask::bundle_rollback, Ask::bundle_discard};

struct LoadOptions {
  DeskPlace place{};
  std::vector<std::filesystem::path> files{};
  std::optional<std::filesystem::path> trust{};
};

struct UseOptions {
  SwapOptions swap{};
  Signers signers{};
};

/// All of them are looked at before the first one is put in: here, whoever keeps them.
ExitStatus load(const LoadOptions& options) {
  std::vector<service::OperatorCommand> commands;
  std::vector<std::string> signers;
  for (const auto& file : options.files) {
    const engine::BundleArchive archive = read_bundle_file(file);
    signers.emplace_back();
    if (options.trust) signers.back() = ", signed by " + verify_bundle(archive, *options.trust, file).name;
    engine::check_scripts(*archive.bundle);
    commands.push_back({Ask::bundle_load, {{"origin", file.string()}, {"archive", to_string(archive.write())}}, {}});
  }
  for (size_t i = 0; i < commands.size(); ++i) {
    const ordered_json answer = options.place.answer(commands[i]);
    const std::string hash = text_in(answer, "hash").substr(0, 12);
    const bool is_new = answer.at("new") == true;
    std::cout << printable("bundle " + text_in(answer, "name")) << ' ' << hash << printable(signers[i])
              << (is_new ? " is loaded; cardwright bundle use " + hash + " lets runs begin under it"
                  : answer.at("signed_anew") == true ? " was there already, and has this signature now"
                                                     : " was there already")
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

/// A version never changes, so one that was verified is what comes into use.
ExitStatus use(const UseOptions& options) {
  if (!options.signers.empty()) {
    std::string trust;
    for (const auto& file : options.signers) trust += to_string(read_file(file, kLargestTrust)) + "\n";
    options.swap.place.answer({Ask::bundle_verify, {{"version", options.swap.version}, {"trust", trust}}, {}});
  }
  use_version(kWords, options.swap);
  return ExitStatus::ok;
}

}  // namespace

void add_bundle_swap(CLI::App& bundle, Action& action) {
  auto loaded = std::make_shared<LoadOptions>();
  CLI::App* load_one =
      bundle.add_subcommand("load", "Check bundles, load their flows once, and keep them in the store");
  loaded->place.add_to(*load_one);
  load_one->add_option("FILE", loaded->files, "the bundles")->required()->type_name("");
  load_one->add_option("--trust", loaded->trust, "load only what a signer of these CAs has signed")->type_name("CA");
  load_one->footer(
      "A bundle that is refused leaves nothing behind. Its name is that of the file, without .bundle.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle load acme-1.4.bundle --trust ca.pem");
  load_one->callback([loaded, &action] { action = [loaded] { return load(*loaded); }; });

  auto used = std::make_shared<UseOptions>();
  CLI::App* use_one = bundle.add_subcommand("use", "Let runs begin under this version from now on");
  used->swap.place.add_to(*use_one);
  used->swap.add_version_to(*use_one);
  used->swap.add_canary_to(*use_one);
  used->swap.add_reason_to(*use_one);
  use_one->add_option("--require-signed", used->signers, "only if a signer of these CAs has signed it")
      ->allow_extra_args(false)
      ->type_name("CA");
  use_one->footer(
      "Runs that are under way keep their version; cardwright runs stop ends them before their next step.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle use acme-1.4 --reason 'new applet'");
  use_one->callback([used, &action] { action = [used] { return use(*used); }; });

  auto back = std::make_shared<SwapOptions>();
  CLI::App* before = bundle.add_subcommand("rollback", "Use the version that was in use before this one");
  back->place.add_to(*before);
  back->add_reason_to(*before);
  before->footer(
      "A second rollback takes the first one back.\n\nExamples:\n  cardwright bundle rollback --reason 'installs "
      "fail'");
  before->callback([back, &action] {
    action = [back] {
      roll_back(kWords, *back);
      return ExitStatus::ok;
    };
  });

  auto gone = std::make_shared<SwapOptions>();
  CLI::App* drop = bundle.add_subcommand("discard", "Let no run begin under this version again");
  gone->place.add_to(*drop);
  gone->add_version_to(*drop);
  drop->footer("The version in use cannot be discarded.\n\nExamples:\n  cardwright bundle discard 3f9a21");
  drop->callback([gone, &action] {
    action = [gone] {
      discard_version(kWords, *gone);
      return ExitStatus::ok;
    };
  });
}

}  // namespace cw::app
