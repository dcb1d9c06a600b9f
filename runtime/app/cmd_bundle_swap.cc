#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/bundle_source.h"
#include "app/operator_name.h"
#include "app/terminal.h"
#include "app/version_swap.h"
#include "base/error.h"
#include "cmd_bundle_private.h"

namespace cw::app {

namespace {

struct LoadOptions {
  StorePlace place{};
  std::vector<std::filesystem::path> files{};
  std::optional<std::filesystem::path> trust{};
};

struct UseOptions {
  SwapOptions swap{};
  Signers signers{};
};

/// All of them are looked at before the first one is put in.
ExitStatus load(const LoadOptions& options) {
  std::vector<engine::BundleArchive> archives;
  std::vector<std::string> signers;
  for (const auto& file : options.files) {
    archives.push_back(read_bundle_file(file));
    signers.emplace_back();
    if (options.trust) signers.back() = ", signed by " + verify_bundle(archives.back(), *options.trust, file).name;
    engine::check_scripts(*archives.back().bundle);
  }
  const std::shared_ptr<store::Store> store = options.place.open();
  if (!store) throw Error(ErrorKind::usage, "the store is switched off by 'none'; name one with --store");
  for (size_t i = 0; i < archives.size(); ++i) {
    const Put put = put_bundle(*store, archives[i], options.files[i], operator_name());
    const std::string hash = archives[i].bundle->hash().substr(0, 12);
    std::cout << printable("bundle " + options.files[i].stem().string()) << ' ' << hash << printable(signers[i])
              << (put == Put::fresh         ? " is loaded; cardwright bundle use " + hash + " lets runs begin under it"
                  : put == Put::signed_anew ? " was there already, and has this signature now"
                                            : " was there already")
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus use(const UseOptions& options) {
  want_one_line(options.swap.reason);
  const auto store = options.swap.place.open_to_change();
  use_version(*store, bundle_kind(), options.swap, options.signers);
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
      roll_back(bundle_kind(), *back);
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
      discard_version(bundle_kind(), *gone);
      return ExitStatus::ok;
    };
  });
}

}  // namespace cw::app
