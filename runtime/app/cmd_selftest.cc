#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/selftest.h"

namespace cw::app {

void add_selftest(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("selftest", "Known answers: cryptography, secure channels, card data");
  auto vectors = std::make_shared<std::optional<std::filesystem::path>>();
  command->add_option("--vectors", *vectors, "run every .json in this folder (default: those built in)")
      ->type_name("DIR");
  command->footer("Examples:\n  cardwright selftest\n  cardwright selftest --vectors tests/vectors");
  command->callback([vectors, &action] {
    action = [vectors] { return run_selftest(*vectors, std::cout) == 0 ? ExitStatus::ok : ExitStatus::refused; };
  });
}

}  // namespace cw::app
