// report_samples FOLDER: writes a report of each made-up run, in each form, into a folder.
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/summary.h"
#include "report/tap.h"
#include "sample.h"

namespace {

using namespace cw::report;

void write(const std::filesystem::path& path, const std::string& text) {
  cw::write_file_atomically(path, cw::ByteView(reinterpret_cast<const uint8_t*>(text.data()), text.size()), false);
}

void write_all(const std::filesystem::path& folder, const std::string& name, const Results& results) {
  write(folder / (name + ".html"), html(results));
  write(folder / (name + ".xml"), junit(results));
  std::ostringstream lines;
  Tap tap(lines);
  tap.begin();
  for (const Case& one : results.cases) tap.add(one);
  tap.end();
  write(folder / (name + ".tap"), lines.str());
  std::ostringstream people;
  Summary summary(people, {false, true, 100});
  for (const Case& one : results.cases) summary.add(one);
  summary.end(results, 5);
  write(folder / (name + ".txt"), people.str());
}

/// All that is hostile in one run.
Results hostile_results() {
  Results out;
  for (const std::string& text : hostile_texts()) {
    Results one = filled_with(text);
    out.program = "hostile";
    for (Case& single : one.cases) out.cases.push_back(std::move(single));
  }
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: report_samples FOLDER\n", stderr);
    return 2;
  }
  try {
    const std::filesystem::path folder = arguments[1];
    write_all(folder, "rich", rich_results());
    write_all(folder, "small", small_results());
    write_all(folder, "hostile", hostile_results());
    write_all(folder, "empty", {});
    write_all(folder, "big", big_results(2000, 100));
    write_all(folder, "long", long_results(5000));
  } catch (const cw::Error& error) {
    std::fprintf(stderr, "report_samples: %s\n", error.message().c_str());
    return 1;
  }
  return 0;
}
