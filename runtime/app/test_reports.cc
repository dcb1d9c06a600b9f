#include "app/test_reports.h"

#include <ctime>
#include <fstream>
#include <iostream>

#include <unistd.h>

#include "app/terminal.h"
#include "base/error.h"
#include "base/files.h"
#include "report/html.h"
#include "report/junit.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

/// A file, there or to be made. Not a device or a pipe: these are written to, and never replaced by a file.
bool is_file(const fs::path& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  return !fs::exists(status) || fs::is_regular_file(status) || fs::is_directory(status);
}

void write(const fs::path& path, const std::string& text) {
  if (is_file(path)) {
    std::error_code none;
    const fs::path target = fs::read_symlink(path, none);  // a link stays, and what it leads to is written
    const fs::path file = target.empty() ? path : path.parent_path() / target;
    return write_file_atomically(file, view(text), /*owner_only=*/false);
  }
  std::ofstream out(path, std::ios::app);
  out << text << std::flush;
  if (!out) throw Error(ErrorKind::usage, "cannot write " + path.string() + ": is it closed, or full?");
}

}  // namespace

TestReports::TestReports(const Options& options, uint64_t seed) : options_(options) {
  for (const auto& file : {options.junit, options.html}) {
    if (file && is_file(*file)) write(*file, "");
  }
  const Terminal terminal = Terminal::of(STDOUT_FILENO);
  const bool machine = options.format.empty() ? ::isatty(STDOUT_FILENO) == 0 : options.format == "tap";
  if (machine) {
    tap_.emplace(std::cout);
  } else {
    summary_.emplace(std::cout, report::Style{terminal.colour, terminal.utf8, terminal.width});
  }
  results_.program = "cardwright " CW_VERSION;
  results_.started = now();
  results_.seed = seed;
}

void TestReports::begin() {
  if (tap_) tap_->begin();
}

void TestReports::add(report::Case one) {
  if (tap_) tap_->add(one);
  if (summary_) summary_->add(one);
  std::cout << std::flush;
  results_.cases.push_back(std::move(one));
}

void TestReports::end(bool interrupted) {
  results_.time = Clock::now() - begin_;
  if (tap_ && interrupted) tap_->bail_out("stopped by a signal");
  if (tap_ && !interrupted) tap_->end();
  if (summary_) summary_->end(results_, options_.slowest);
  std::cout << std::flush;
  // Last: what cannot be written must not cost what can.
  if (options_.junit) write(*options_.junit, report::junit(results_));
  if (options_.html) write(*options_.html, report::html(results_));
}

}  // namespace cw::app
