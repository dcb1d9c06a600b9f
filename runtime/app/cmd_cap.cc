#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/table.h"
#include "base/files.h"
#include "base/hex.h"
#include "gp/cap_file.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  std::filesystem::path file{};
  bool json = false;
};

struct HashName {
  crypto::Hash hash;
  const char* name;
};

constexpr HashName kHashes[] = {{crypto::Hash::sha1, "SHA-1"},
                                {crypto::Hash::sha256, "SHA-256"},
                                {crypto::Hash::sha384, "SHA-384"},
                                {crypto::Hash::sha512, "SHA-512"}};

std::string version(unsigned major, unsigned minor) { return std::to_string(major) + "." + std::to_string(minor); }

ordered_json as_json(const gp::CapFile& cap) {
  ordered_json out = {{"package", to_hex(cap.package_aid())},
                      {"version", version(cap.package_major(), cap.package_minor())},
                      {"name", cap.package_name()},
                      {"format", cap.format_version()},
                      {"extended", cap.extended()},
                      {"flags", cap.flags()},
                      {"load_file_data_block_bytes", cap.load_file_data_block().size()}};
  out["applets"] = ordered_json::array();
  for (const Bytes& aid : cap.applets()) out["applets"].push_back(to_hex(aid));
  out["imports"] = ordered_json::array();
  for (const gp::CapImport& import : cap.imports()) {
    out["imports"].push_back({{"aid", to_hex(import.aid)}, {"version", version(import.major, import.minor)}});
  }
  out["components"] = ordered_json::array();
  for (const gp::CapComponent& component : cap.components()) {
    out["components"].push_back(
        {{"name", component.name}, {"tag", component.tag}, {"bytes", component.content.size()}});
  }
  for (const HashName& each : kHashes) {
    out["hashes"][each.name] = {{"without_descriptor", to_hex(cap.hash(each.hash))},
                                {"with_descriptor", to_hex(cap.hash(each.hash, true))}};
  }
  return out;
}

void print(const gp::CapFile& cap, const Terminal& terminal) {
  Table package{{}, {"", ""}, {}};
  package.rows = {{"package", to_hex(cap.package_aid())},
                  {"version", version(cap.package_major(), cap.package_minor())},
                  {"format", cap.format_version() + (cap.extended() ? ", extended (Java Card 3.1)" : "")},
                  {"load file data block", std::to_string(cap.load_file_data_block().size()) + " bytes"}};
  if (!cap.package_name().empty()) package.rows.insert(package.rows.begin() + 2, {"name", cap.package_name()});
  std::cout << package.format(terminal);

  Table applets{"applets", {"", ""}, {}};
  for (const Bytes& aid : cap.applets()) applets.rows.push_back({"", to_hex(aid)});
  if (!applets.rows.empty()) std::cout << '\n' << applets.format(terminal);

  Table imports{"imports", {"package", "version"}, {}};
  for (const gp::CapImport& import : cap.imports()) {
    imports.rows.push_back({to_hex(import.aid), version(import.major, import.minor)});
  }
  if (!imports.rows.empty()) std::cout << '\n' << imports.format(terminal);

  Table components{"components", {"tag", "name", "bytes"}, {}};
  for (const gp::CapComponent& component : cap.components()) {
    components.rows.push_back({to_hex(component.tag), component.name, std::to_string(component.content.size())});
  }
  std::cout << '\n' << components.format(terminal);

  Table hashes{"hashes of the load file data block", {"", "Descriptor", ""}, {}};
  for (const HashName& each : kHashes) {
    hashes.rows.push_back({each.name, "left out, as loaded", to_hex(cap.hash(each.hash))});
    hashes.rows.push_back({"", "included", to_hex(cap.hash(each.hash, true))});
  }
  std::cout << '\n' << hashes.format(terminal) << std::flush;
}

ExitStatus show_cap(const Options& options) {
  const Bytes file = read_file(options.file);
  const gp::CapFile cap = gp::CapFile::parse(file, options.file.string());
  if (options.json) {
    std::cout << as_json(cap).dump(2) << std::endl;
  } else {
    print(cap, Terminal::of(STDOUT_FILENO));
  }
  return ExitStatus::ok;
}

}  // namespace

void add_cap(CLI::App& program, Action& action) {
  CLI::App* cap = program.add_subcommand("cap", "Look at CAP files");
  cap->require_subcommand(1);
  cap->footer("Examples:\n  cardwright cap info transit.cap");
  CLI::App* info = cap->add_subcommand("info", "Package, applets, imports, components, sizes and hashes of a CAP file");
  auto options = std::make_shared<Options>();
  info->add_option("FILE", options->file, "a .cap or .ijc file")->required()->type_name("");
  info->add_flag("--json", options->json, "one JSON object");
  info->footer("Examples:\n  cardwright cap info transit.cap\n  cardwright cap info transit.cap --json");
  info->callback([options, &action] { action = [options] { return show_cap(*options); }; });
}

}  // namespace cw::app
