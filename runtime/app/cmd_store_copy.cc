#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/interrupt.h"
#include "app/json_text.h"
#include "app/operator_name.h"
#include "app/private_file.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "cmd_store_private.h"
#include "store/store_copy.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  fs::path file{};
  bool json = false;
};

[[noreturn]] void fail(const fs::path& file, const std::string& why) {
  throw Error(ErrorKind::usage, "cannot write the export " + file.string() + ": " + why);
}

/// Beside the file until it is whole: what was there before stays if it never is.
class Unfinished {
 public:
  explicit Unfinished(const fs::path& file) : wanted_(file) {
    refuse_what_is_no_export();
    std::string name = file.string() + ".XXXXXX";  // one of its own for each process
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) fail(file, std::strerror(errno));
    ::close(fd);
    now_ = name;
  }
  ~Unfinished() {
    std::error_code none;
    if (!finished_) fs::remove(now_, none);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  const fs::path& path() const { return now_; }
  void finish() {
    const int fd = ::open(now_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool kept = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!kept || ::rename(now_.c_str(), wanted_.c_str()) != 0) fail(wanted_, std::strerror(kept ? errno : error));
    finished_ = true;
  }

 private:
  /// The store itself, its key, a device: what a slip of the hand must not replace.
  void refuse_what_is_no_export() const {
    std::error_code none;
    if (!fs::exists(wanted_, none)) return;
    if (!fs::is_regular_file(wanted_, none)) fail(wanted_, "it is there, and no file");
    std::string begin(store::kCopyBegins.size(), '\0');
    std::ifstream(wanted_).read(begin.data(), static_cast<std::streamsize>(begin.size()));
    if (begin != store::kCopyBegins) fail(wanted_, "it is there, and no export; name another file");
  }

  fs::path wanted_, now_;
  bool finished_ = false;
};

void report(const Options& options, const store::CopyCounts& counts, const std::string& store) {
  if (options.json) {
    const ordered_json out = {{"store", store},        {"file", options.file.string()},
                              {"runs", counts.runs},   {"frames", counts.frames},
                              {"files", counts.files}, {"audit_records", counts.audit_records},
                              {"held", counts.held}};
    print_json(out);
    return;
  }
  std::cout << printable(store) << ": " << counts.runs << " runs, " << counts.frames << " frames, " << counts.files
            << " files, " << counts.audit_records << " audit records" << std::endl;
}

ExitStatus export_to(const Options& options) {
  const Interrupt interrupt;  // before there is a file that a signal would leave behind
  const auto opened = options.place.open_to_change();
  Unfinished unfinished(options.file);
  PrivateFile out(unfinished.path(), "export");
  opened->audit().add({operator_name(), "store exported", "", {}});
  const auto counts =
      store::export_store(*opened, out.out(), [&] { return !interrupt.requested() && out.out().good(); });
  if (!out.out().flush()) fail(options.file, "a part of it could not be written; is the disk full?");
  if (!counts) {
    std::cerr << "cardwright: the export was stopped by a signal; no file was written" << std::endl;
    return ExitStatus::interrupted;
  }
  unfinished.finish();
  report(options, *counts, opened->where());
  std::cerr << "What is sealed is sealed in the file, too: keep a copy of the key file "
            << printable(options.place.options().key.value_or(opened->where() + ".key").string())
            << ", and send it another way.\n";
  if (counts->held != 0) {
    std::cerr << "Processes were at " << counts->held << (counts->held == 1 ? " run" : " runs")
              << ": what they do from now on is not in the file. Do not go on with a run in both stores.\n";
  }
  return ExitStatus::ok;
}

ExitStatus import_from(const Options& options) {
  store::StoreOptions into = options.place.options();
  into.make = true;
  const store::CopyCounts counts = store::import_store(into, options.file);
  const auto opened = options.place.open_to_change();
  opened->audit().add(
      {operator_name(), "store imported", "", {{"records before", std::to_string(counts.audit_records)}}});
  report(options, counts, opened->where());
  return ExitStatus::ok;
}

}  // namespace

void add_store_copy(CLI::App& store, Action& action) {
  CLI::App* out = store.add_subcommand("export", "Write the whole store into one file, sealed as it is");
  auto options = std::make_shared<Options>();
  options->place.add_to(*out);
  out->add_option("FILE", options->file, "to be written, for you alone")->required()->type_name("");
  out->add_flag("--json", options->json, "one JSON object");
  out->footer(
      "The key file is not in it. Runs may go on meanwhile: the file has the store as of one moment.\n"
      "\n"
      "Examples:\n"
      "  cardwright store export store.copy\n"
      "  cardwright store export store.copy --store postgres://cards@db1/cardwright --store-key store.key");
  out->callback([options, &action] { action = [options] { return export_to(*options); }; });

  CLI::App* in = store.add_subcommand("import", "Read such a file into an empty store");
  auto from = std::make_shared<Options>();
  from->place.add_to(*in);
  in->add_option("FILE", from->file, "written by cardwright store export")->required()->type_name("");
  in->add_flag("--json", from->json, "one JSON object");
  in->footer(
      "Needs the key file of the store that it came from. All of the file is read in, or nothing.\n"
      "\n"
      "Examples:\n"
      "  cardwright store import store.copy --store postgres://cards@db1/cardwright --store-key store.key");
  in->callback([from, &action] { action = [from] { return import_from(*from); }; });
}

}  // namespace cw::app
