#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/operator_name.h"
#include "app/store_place.h"
#include "base/files.h"
#include "cmd_runs_private.h"
#include "journal/run_export.h"

namespace cw::app {

namespace {

constexpr size_t kFileLimit = 256u << 20;

struct Options {
  StorePlace place{};
  std::string id{};
  std::filesystem::path file{};
  bool answers = false;
};

ExitStatus export_it(const Options& options) {
  const auto opened = options.place.open_to_read();
  const journal::OpenedJournal journal = journal::open_journal(*opened, options.id);
  const std::string text = journal::export_run(*opened, journal, options.answers);
  write_file_atomically(options.file, view(text), true);
  std::cout << "run " << journal.row.id << " is in " << options.file.string()
            << (options.answers ? ", with every answer: not safe to share" : "; answers of applets are left out")
            << std::endl;
  return ExitStatus::ok;
}

ExitStatus import_it(const Options& options) {
  const Bytes content = read_file(options.file, kFileLimit);
  const auto opened = options.place.open();
  if (!opened) throw Error(ErrorKind::usage, "a run is imported into a store, and --store none is none");
  std::cout << "run " << journal::import_run(*opened, text_view(content), operator_name())
            << " is in the store; replay it with: cardwright runs replay" << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_runs_carry(CLI::App& runs, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* out = runs.add_subcommand("export", "Write a run into a file, to be replayed elsewhere");
  options->place.add_to(*out);
  out->add_option("ID", options->id, "the run, or the beginning of its id")->required()->type_name("");
  out->add_option("FILE", options->file, "where to")->required()->type_name("");
  out->add_flag("--answers", options->answers, "leave no answer of the card out: the file is not safe to share");
  out->callback([options, &action] { action = [options] { return export_it(*options); }; });

  CLI::App* in = runs.add_subcommand("import", "Put a run from such a file into a store");
  options->place.add_to(*in);
  in->add_option("FILE", options->file, "where from")->required()->type_name("");
  in->callback([options, &action] { action = [options] { return import_it(*options); }; });
}

}  // namespace cw::app
