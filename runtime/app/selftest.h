// The `selftest` command: published test vectors, run through the functions that the runtime itself uses.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>

namespace cw::app {

/// Runs every .json of the folder `vectors` in the order of their names, or without one the cases compiled in.
///
/// Prints a line for each file that cannot be read and each case that fails, with what was expected and what came out,
/// and one for each case skipped; the last line is "N passed, M failed". Returns the exit code: 0 if nothing failed and
/// something passed, else 1. Raises nothing.
int run_selftest(const std::optional<std::filesystem::path>& vectors, std::ostream& out);

}  // namespace cw::app
