#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/bundle_source.h"
#include "app/json_text.h"
#include "app/line_diff.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "app/version_kind.h"
#include "base/error.h"
#include "base/files.h"
#include "cmd_bundle_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string version{};
  std::string other{};
  std::string text{};
  std::optional<std::filesystem::path> output{};
  bool json = false;
};

ExitStatus list(const Options& options) {
  const auto opened = options.place.open_to_read();
  const VersionStates states(*opened, bundle_kind());
  ordered_json all = ordered_json::array();
  for (const store::Version& version : opened->bundles().list()) all.push_back(states.json_of(version));
  if (options.json) {
    print_json(all);
  } else {
    print_versions(all, states.in_use(), "--bundle, or the program's own scripts", states.canary());
  }
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  const auto opened = options.place.open_to_read();
  const store::Version version = opened->bundles().find(options.version);
  std::optional<engine::BundleArchive> archive;
  if (version.discarded == 0 || options.output || !options.text.empty()) archive = stored_bundle(*opened, version.hash);
  if (!options.text.empty()) {
    const auto found = archive->bundle->texts().find(options.text);
    if (found == archive->bundle->texts().end()) {
      throw Error(ErrorKind::usage, "bundle " + version.name + " has no file '" + options.text +
                                        "'; cardwright bundle show " + version.name + " lists those it has");
    }
    std::cout << found->second << std::flush;
    return ExitStatus::ok;
  }
  if (options.output) {
    write_file_atomically(*options.output, archive->write(), false);
    std::cout << shown(bundle_kind(), version) << ": " << printable(options.output->string()) << std::endl;
    return ExitStatus::ok;
  }
  ordered_json out = VersionStates(*opened, bundle_kind()).whole(version);
  if (options.json) {
    out["signed"] = archive && archive->signature;
    out["manifest"] = archive ? ordered_json::parse(archive->manifest) : ordered_json();
    print_json(out);
    return ExitStatus::ok;
  }
  print_version(out);
  if (archive) {
    std::cout << "signed  " << (archive->signature ? "yes; cardwright bundle verify says by whom" : "no") << '\n';
    for (const auto& text : archive->bundle->texts()) std::cout << "  " << text.first << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

std::vector<std::string> lines_of(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  if (found == texts.end()) return {};
  std::vector<std::string> out;
  std::istringstream in(found->second);
  for (std::string line; std::getline(in, line);) out.push_back(std::move(line));
  return out;
}

ExitStatus diff(const Options& options) {
  const auto open = [&] { return options.place.open_to_read(); };
  const auto before = bundle_named(options.version, open);
  const auto after = bundle_named(options.other, open);
  std::map<std::string, std::string> all = before->texts();
  all.insert(after->texts().begin(), after->texts().end());
  ordered_json files = ordered_json::array();
  if (!options.json)
    std::cout << "--- bundle " << before->hash().substr(0, 12) << "\n+++ bundle " << after->hash().substr(0, 12)
              << '\n';
  for (const auto& each : all) {
    const std::string& name = each.first;
    const bool was = before->texts().contains(name), is = after->texts().contains(name);
    if (was && is && before->texts().at(name) == after->texts().at(name)) continue;
    const char* word = !was ? "added" : !is ? "removed" : "changed";
    ordered_json lines = ordered_json::array();
    if (!options.json) std::cout << word << ' ' << name << '\n';
    for (const LineChange& change : diff_lines(lines_of(before->texts(), name), lines_of(after->texts(), name))) {
      if (options.json) {
        lines.push_back({{"is", change.added ? "added" : "removed"}, {"line", change.line}});
      } else if (was && is) {
        std::cout << (change.added ? "  + " : "  - ") << printable(change.line) << '\n';
      }
    }
    files.push_back({{"file", name}, {"is", word}, {"lines", lines}});
  }
  if (options.json) {
    print_json({{"before", before->hash()}, {"after", after->hash()}, {"files", files}});
  } else if (files.empty()) {
    std::cout << "they hold the same\n";
  }
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
