// What a journal costs, and what it costs to go on by one.
//
//   journal_bench [--runs N] [commands|installs|rebuild|waiting]...
//
// On SQLite in a folder for temporary files (TMPDIR), and on PostgreSQL where CW_TEST_POSTGRES names a server. Prints
// rows of docs/PERFORMANCE.md, or those that are named. `--runs`: how many runs wait in the store of the last row,
// 5,000 if it is not given.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "journal_rows.h"

namespace {

int usage() {
  std::fprintf(stderr, "usage: journal_bench [--runs N] [commands|installs|rebuild|waiting]...\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace cw::bench;
  int runs = 5000;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() >= 2 && arguments[0] == "--runs") {
    runs = std::atoi(arguments[1].c_str());
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  const std::vector<std::pair<std::string, std::function<void()>>> rows = {
      {"commands", commands_row}, {"installs", installs_row}, {"rebuild", rebuild_row}, {"waiting", [runs] {
                                                                                           waiting_runs_row(runs);
                                                                                         }}};
  for (const std::string& name : arguments) {
    if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.first == name; })) return usage();
  }
  if (runs <= 0) return usage();
  try {
    for (const auto& [name, row] : rows) {
      if (arguments.empty() || std::find(arguments.begin(), arguments.end(), name) != arguments.end()) row();
    }
  } catch (const cw::Error& error) {
    std::fprintf(stderr, "journal_bench: %s\n", error.what());
    return 1;
  }
}
