// Specs of Lua code (tests/lua/*_spec.lua): a file returns a table of functions, each of which raises if it fails. They
// run in the sandbox that flows run in, each in a state of its own.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/failure.h"
#include "app/session.h"
#include "app/spec_state.h"
#include "app/terminal.h"
#include "base/files.h"

namespace cw::app {

namespace {

struct Counts {
  unsigned passed = 0;
  unsigned failed = 0;

  void add(const std::string& name, const std::optional<Error>& failure) {
    ++(failure ? failed : passed);
    std::cout << (failure ? "not ok " : "ok ") << printable(name)
              << (failure ? ": " + printable(failure->message()) : "") << std::endl;
  }
};

void run_file(const engine::Bundle& bundle, const std::filesystem::path& file, Counts& counts) {
  std::vector<std::string> names;
  std::optional<lua::Chunk> chunk;
  const auto broken = failure_of([&] {
    chunk = lua::compile(file.generic_string(), to_string(read_file(file)));
    names = SpecState(bundle, *chunk).names();
  });
  if (broken) return counts.add(file.string(), broken);
  for (const std::string& name : names) {
    counts.add(file.stem().string() + ": " + name, failure_of([&] { SpecState(bundle, *chunk).run(name); }));
  }
}

ExitStatus run_specs(const std::vector<std::filesystem::path>& files) {
  const auto bundle = load_bundle();
  Counts counts;
  for (const auto& file : files) run_file(*bundle, file, counts);
  std::cout << counts.passed << " passed, " << counts.failed << " failed" << std::endl;
  return counts.failed == 0 && counts.passed > 0 ? ExitStatus::ok : ExitStatus::refused;
}

}  // namespace

void add_spec(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("spec", "Run specs of Lua code")->group("");  // for those who work on it
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  command->add_option("FILE", *files, "tests/lua/*_spec.lua")->required()->type_name("");
  command->footer("Examples:\n  cardwright spec tests/lua/*_spec.lua");
  command->callback([files, &action] { action = [files] { return run_specs(*files); }; });
}

}  // namespace cw::app
