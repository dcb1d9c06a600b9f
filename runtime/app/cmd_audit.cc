#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/audit_proof.h"
#include "app/audit_state.h"
#include "app/commands.h"
#include "app/failure.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "app/whole_number.h"
#include "base/files.h"
#include "store/audit_export.h"

namespace cw::app {

namespace {

constexpr int64_t kAtOnce = 1000;  // records

struct Options {
  StorePlace place{};
  int64_t number = 1;
  std::vector<std::string> roots{};
  std::filesystem::path file{};
  std::optional<std::filesystem::path> append{};
  bool json = false;
};

std::string line_of(const store::AuditRecord& record) {
  const store::AuditEntry& entry = record.entry;
  std::string out = std::to_string(record.number) + "  " + utc_text(record.time) + "  " + entry.actor + "  " +
                    entry.action + (entry.subject.empty() ? "" : "  " + entry.subject);
  for (size_t i = 0; i < entry.details.size(); ++i) {
    out += (i == 0 ? "  " : ", ") + entry.details[i].first + ": " + entry.details[i].second;
  }
  return printable(out);
}

/// A line for each record, as they are read: there may be millions.
ExitStatus list(const Options& options) {
  const auto opened = options.place.open_to_read();
  for (int64_t next = options.number; std::cout;) {
    const std::vector<store::AuditRecord> some = opened->audit().list(next, kAtOnce);
    for (const store::AuditRecord& record : some) {
      if (options.json) {
        std::cout << json_line(json_of(record)) << '\n';
      } else {
        std::cout << line_of(record) << '\n';
      }
    }
    if (static_cast<int64_t>(some.size()) < kAtOnce) break;
    next = some.back().number + 1;
  }
  return ExitStatus::ok;
}

/// Those given; none: the file that roots go out to by themselves, if it is there.
std::vector<store::AuditRoot> roots_for(const Options& options) {
  if (!options.roots.empty()) return roots_from(options.roots);
  const char* configured = std::getenv("CARDWRIGHT_AUDIT_ROOTS");
  if (configured == nullptr || *configured == '\0') return {};
  return store::read_roots(configured);
}

ExitStatus verify(const Options& options) {
  const std::vector<store::AuditRoot> roots = roots_for(options);
  const auto opened = options.place.open_to_read();
  const AuditState state = audit_state(*opened, roots);
  const store::Audit::Verdict& verdict = state.verdict;
  const store::Store::JournalCheck& journals = state.journals;
  const std::optional<std::string>& broken = verdict.broken;
  const std::string from_outside =
      std::to_string(roots.size()) + (roots.size() == 1 ? " root from outside says" : " roots from outside say");
  if (options.json) {
    print_json(state.json());
  } else if (!broken) {
    std::cout << "the audit is whole: " << verdict.records << (verdict.records == 1 ? " record" : " records")
              << (verdict.against_root ? ", as " + from_outside : "") << '\n';
    std::cout << journals.whole << (journals.whole == 1 ? " journal is as its run" : " journals are as their runs")
              << " left it, " << journals.forgotten << " forgotten" << std::endl;
    for (const std::string& line : journals.broken) std::cout << "broken: " << printable(line) << '\n';
  }
  int64_t covered = 0;
  for (const store::AuditRoot& root : roots) covered = std::max(covered, root.size);
  if (verdict.against_root && covered < verdict.records) {
    std::cerr << "The newest root from outside is over the first " << covered
              << " of them: that one after those was cut "
              << "would not be seen.\n";
  }
  if (!verdict.against_root) {
    std::cerr << "No root from outside was given: a cut tail would not be seen; give one with --root.\n";
  }
  if (!broken && journals.broken.empty()) return ExitStatus::ok;
  const std::string what = broken ? "the audit of " + opened->where() + " is broken: " + *broken
                                  : "runs in " + opened->where() + " are not what the audit says of them: " +
                                        std::to_string(journals.broken.size()) + " of them, on the lines above";
  complain({ErrorKind::store, what + "; keep the store as evidence, and compare it with a copy"});
  return ExitStatus::refused;
}

ExitStatus prove(const Options& options) {
  std::cout << proof_text(options.place.open_to_read()->audit().prove(options.number)) << std::endl;
  return ExitStatus::ok;
}

ExitStatus verify_proof(const Options& options) {
  const std::vector<store::AuditRoot> roots = roots_from(options.roots);
  const Bytes text = read_file(options.file, 1u << 20);
  const store::AuditProof proof = parse_proof(text_view(text), options.file.string());
  const std::string name = "record " + std::to_string(proof.record.number);
  const bool known = std::any_of(roots.begin(), roots.end(), [&](const store::AuditRoot& root) {
    return root.size == proof.root.size && root.hash == proof.root.hash;
  });
  if (!store::holds(proof)) {
    complain({ErrorKind::store, options.file.string() + ": " + name +
                                    " does not lead to the root: the record, the path or the root was changed"});
    return ExitStatus::refused;
  }
  if (!roots.empty() && !known) {
    complain({ErrorKind::store, options.file.string() + ": " + name + " leads to a root over " +
                                    std::to_string(proof.root.size) +
                                    " records that is none of those given; export one now and prove it anew"});
    return ExitStatus::refused;
  }
  std::cout << line_of(proof.record) << '\n'
            << (known ? "is in the audit with the root that was given\n" : "is in the audit with this root:\n");
  std::cout << store::root_text(proof.root) << std::endl;
  if (roots.empty()) std::cerr << "Compare it with one that was kept elsewhere, or give that with --root.\n";
  return ExitStatus::ok;
}

ExitStatus give_root(const Options& options) {
  const auto opened = options.place.open_to_read();
  store::AuditRoot root;
  if (options.append) {
    store::append_root(*options.append, [&](const auto&) { return root = opened->audit().root(); });
  } else {
    root = opened->audit().root();
  }
  std::cout << store::root_text(root) << std::endl;
  return ExitStatus::ok;
}

void add_roots_to(CLI::App& command, Options& options) {
  command.add_option("--root", options.roots, "a root that was kept elsewhere: a file of them, or a line")
      ->allow_extra_args(false)
      ->type_name("FILE|LINE");
}

using OptionsPtr = std::shared_ptr<Options>;

OptionsPtr add_command(CLI::App* command, Action& action, ExitStatus (*run)(const Options&)) {
  auto options = std::make_shared<Options>();
  command->callback([options, run, &action] { action = [options, run] { return run(*options); }; });
  return options;
}

void add_list(CLI::App& audit, Action& action) {
  CLI::App* command = audit.add_subcommand("list", "Who did what: a line for each record");
  const OptionsPtr options = add_command(command, action, list);
  options->place.add_to(*command);
  command->add_option("--from", options->number, "number of the first record")->check(WholeNumber(1))->type_name("N");
  command->add_flag("--json", options->json, "one JSON object per line");
  command->footer("Examples:\n  cardwright audit list\n  cardwright audit list --from 1000 --json");
}

void add_verify(CLI::App& audit, Action& action) {
  CLI::App* command = audit.add_subcommand(
      "verify", "Follow the whole chain, and hold the journals of runs against it; say what was changed");
  const OptionsPtr options = add_command(command, action, verify);
  options->place.add_to(*command);
  add_roots_to(*command, *options);
  command->add_flag("--json", options->json, "one JSON object");
  command->footer(
      "Without a root from outside nobody can see that the last records were cut off. Default: the file that\n"
      "CARDWRIGHT_AUDIT_ROOTS names. Exit status 1: the audit is broken, or a run is not what it says.\n"
      "\n"
      "Examples:\n"
      "  cardwright audit verify --root roots.txt");
}

void add_prove(CLI::App& audit, Action& action) {
  CLI::App* command = audit.add_subcommand("prove", "Prove that a record is in the audit, as JSON");
  const OptionsPtr options = add_command(command, action, prove);
  options->place.add_to(*command);
  command->add_option("N", options->number, "number of the record")->required()->check(WholeNumber(1))->type_name("");
  command->footer("Examples:\n  cardwright audit prove 12 > proof.json");

  CLI::App* check = audit.add_subcommand("verify-proof", "Check such a proof, without a store");
  const OptionsPtr checked = add_command(check, action, verify_proof);
  check->add_option("FILE", checked->file, "written by cardwright audit prove")->required()->type_name("");
  add_roots_to(*check, *checked);
  check->footer("Examples:\n  cardwright audit verify-proof proof.json --root roots.txt");
}

void add_root(CLI::App& audit, Action& action) {
  CLI::App* command = audit.add_subcommand("root", "Print a root of the audit, to be kept elsewhere");
  const OptionsPtr options = add_command(command, action, give_root);
  options->place.add_to(*command);
  command->add_option("--append", options->append, "add it to that file, too")->type_name("FILE");
  command->footer("Examples:\n  cardwright audit root --append roots.txt");
}

}  // namespace

void add_audit(CLI::App& program, Action& action) {
  CLI::App* audit = program.add_subcommand("audit", "Who did what, and whether anybody changed it afterwards");
  audit->require_subcommand(1);
  audit->footer("Examples:\n  cardwright audit list\n  cardwright audit verify --root roots.txt");
  add_list(*audit, action);
  add_verify(*audit, action);
  add_prove(*audit, action);
  add_root(*audit, action);
}

}  // namespace cw::app
