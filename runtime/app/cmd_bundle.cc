#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/bundle_answers.h"
#include "app/bundle_source.h"
#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/terminal.h"
#include "app/version_kind.h"
#include "base/error.h"
#include "base/files.h"
#include "cmd_bundle_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

using service::Ask;

struct Options {
  DeskPlace place{};
  std::string version{};
  std::string other{};
  std::string text{};
  std::optional<std::filesystem::path> output{};
  bool json = false;
};

ExitStatus list(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::bundle_list, {}, {}});
  if (options.json) {
    print_json(answer.at("bundles"));
  } else {
    print_versions(answer.at("bundles"), answer.at("in_use"), "--bundle, or the program's own scripts",
                   answer.at("canary"));
  }
  return ExitStatus::ok;
}

/// The file that was loaded, from the store itself.
ExitStatus write(const Options& options) {
  const auto opened = options.place.store.open_to_read();
  const std::string& owner = options.place.owner;
  const store::Version version = opened->bundles(owner).find(options.version);
  write_file_atomically(*options.output, stored_bundle(*opened, version.hash, owner).write(), false);
  std::cout << shown(bundle_kind(), version) << ": " << printable(options.output->string()) << std::endl;
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  if (options.output) return write(options);
  service::OperatorCommand command{Ask::bundle_show, {{"version", options.version}}, {}};
  if (!options.text.empty()) command.words["file"] = options.text;
  ordered_json answer = options.place.answer(command);
  if (!options.text.empty()) {
    std::cout << text_in(answer, "text") << std::flush;
    return ExitStatus::ok;
  }
  answer.erase("text");
  if (options.json) {
    print_json(answer);
    return ExitStatus::ok;
  }
  print_version(answer);
  if (answer.at("manifest").is_object()) {
    std::cout << "signed  " << (answer.at("signed") == true ? "yes; cardwright bundle verify says by whom" : "no")
              << '\n';
    for (const ordered_json& file : answer.at("manifest").at("files")) {
      std::cout << "  " << printable(text_in(file, "name")) << '\n';
    }
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ordered_json difference(const Options& options) {
  if (options.place.is_remote()) {
    for (const std::string& name : {options.version, options.other}) {
      if (!is_bundle_file(name)) continue;
      throw Error(ErrorKind::usage, "a service compares versions that it has, and '" + name +
                                        "' is a file; load it first, with cardwright bundle load");
    }
    return options.place.answer({Ask::bundle_diff, {{"before", options.version}, {"after", options.other}}, {}});
  }
  const auto open = [&] { return options.place.store.open_to_read(); };
  const auto before = bundle_named(options.version, open, options.place.owner);
  return diff_answer(*before, *bundle_named(options.other, open, options.place.owner));
}

ExitStatus diff(const Options& options) {
  const ordered_json answer = difference(options);
  if (options.json) {
    print_json(answer);
    return ExitStatus::ok;
  }
  std::cout << "--- bundle " << text_in(answer, "before").substr(0, 12) << "\n+++ bundle "
            << text_in(answer, "after").substr(0, 12) << '\n';
  for (const ordered_json& file : answer.at("files")) {
    std::cout << text_in(file, "is") << ' ' << printable(text_in(file, "file")) << '\n';
    if (text_in(file, "is") != "changed") continue;
    for (const ordered_json& change : file.at("lines")) {
      std::cout << (text_in(change, "is") == "added" ? "  + " : "  - ") << printable(text_in(change, "line")) << '\n';
    }
  }
  if (answer.at("files").empty()) std::cout << "they hold the same\n";
  std::cout << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_bundle(CLI::App& program, Action& action) {
  CLI::App* bundle = program.add_subcommand("bundle", "Scripts as one file: build, sign, swap while runs go on");
  bundle->require_subcommand(1);
  bundle->footer(
      "A version is named by its hash, the first digits of it, or its name. Once one is in use, runs and batches on "
      "this\n"
      "store that name no --bundle begin under it; runs that are under way keep theirs to their end.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle build acme --output acme-1.4.bundle\n"
      "  cardwright bundle sign acme-1.4.bundle --key signer.key --chain signer.pem\n"
      "  cardwright bundle load acme-1.4.bundle --trust ca.pem\n"
      "  cardwright bundle use acme-1.4 --reason 'new applet'\n"
      "  cardwright bundle rollback --reason 'installs fail'");

  auto listed = std::make_shared<Options>();
  CLI::App* all =
      bundle->add_subcommand("list", "The versions there are, which one is in use, and what holds the rest");
  listed->place.add_to(*all);
  all->add_flag("--json", listed->json, "one JSON array");
  all->footer("Examples:\n  cardwright bundle list\n  cardwright bundle list --json");
  all->callback([listed, &action] { action = [listed] { return list(*listed); }; });

  auto asked = std::make_shared<Options>();
  CLI::App* one = bundle->add_subcommand("show", "One version: its files, when it was used, the runs that hold it");
  asked->place.add_to(*one);
  one->add_option("VERSION", asked->version, "its hash, the first digits of it, or its name")
      ->required()
      ->type_name("");
  CLI::Option* text = one->add_option("--text", asked->text, "one of its files, as it was loaded")->type_name("NAME");
  CLI::Option* output =
      one->add_option("--output", asked->output, "write the file that was loaded")->excludes(text)->type_name("FILE");
  output->excludes(one->get_option("--service"));
  one->add_flag("--json", asked->json, "one JSON object")->excludes(text)->excludes(output);
  one->footer(
      "Examples:\n  cardwright bundle show acme-1.4\n  cardwright bundle show 3f9a --text scripts/acme/install.lua");
  one->callback([asked, &action] { action = [asked] { return show(*asked); }; });

  auto compared = std::make_shared<Options>();
  CLI::App* differs = bundle->add_subcommand("diff", "Which files differ between two bundles, and in what lines");
  compared->place.add_to(*differs);
  differs->add_option("BEFORE", compared->version, "a folder, a file, or a version in the store")
      ->required()
      ->type_name("");
  differs->add_option("AFTER", compared->other, "a folder, a file, or a version in the store")
      ->required()
      ->type_name("");
  differs->add_flag("--json", compared->json, "one JSON object");
  differs->footer(
      "A name that ends in .bundle or has a '/' in it is a file.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle diff acme-1.3 acme-1.4.bundle");
  differs->callback([compared, &action] { action = [compared] { return diff(*compared); }; });

  add_bundle_build(*bundle, action);
  add_bundle_swap(*bundle, action);
  add_bundle_shadow(*bundle, action);
}

}  // namespace cw::app
