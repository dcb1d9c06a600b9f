// What a journal costs, and what it costs to go on by one.
//
//   journal_bench [--runs N]
//
// On SQLite in a folder for temporary files (TMPDIR), and on PostgreSQL where CW_TEST_POSTGRES names a server. Prints
// rows of docs/PERFORMANCE.md. `--runs`: how many runs wait in the store of the last row, 5,000 if it is not given.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "journal_rows.h"

int main(int argc, char** argv) {
  int runs = 5000;
  if (argc == 3 && std::string_view(argv[1]) == "--runs") {
    runs = std::atoi(argv[2]);
  } else if (argc != 1) {
    runs = 0;
  }
  if (runs <= 0) {
    std::fprintf(stderr, "usage: journal_bench [--runs N]\n");
    return 2;
  }
  try {
    cw::bench::commands_row();
    cw::bench::installs_row();
    cw::bench::rebuild_row();
    cw::bench::waiting_runs_row(runs);
  } catch (const cw::Error& error) {
    std::fprintf(stderr, "journal_bench: %s\n", error.what());
    return 1;
  }
}
