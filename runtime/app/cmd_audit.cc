#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/audit_proof.h"
#include "app/audit_state.h"
#include "app/commands.h"
#include "app/desk_place.h"
#include "app/failure.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/terminal.h"
#include "app/whole_number.h"
#include "base/files.h"
#include "store/audit_export.h"

namespace cw::app {

namespace {

constexpr int64_t kAtOnce = 1000;  // records

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  int64_t number = 1;
  std::vector<std::string> roots{};
  std::filesystem::path file{};
  std::optional<std::filesystem::path> append{};
  bool json = false;
};

std::string line_of(const ordered_json& record) {
  const std::string subject = text_in(record, "subject");
  std::string out = record.at("number").dump() + "  " + text_in(record, "utc") + "  " + text_in(record, "actor") +
                    "  " + text_in(record, "action") + (subject.empty() ? "" : "  " + subject);
  const ordered_json& details = record.at("details");
  for (size_t i = 0; i < details.size(); ++i) {
    out += (i == 0 ? "  " : ", ") + details[i].at(0).get<std::string>() + ": " + details[i].at(1).get<std::string>();
  }
  return printable(out);
}

/// A line for each record, as they are read: there may be millions.
ExitStatus list(const Options& options) {
  for (int64_t next = options.number; std::cout;) {
    const ordered_json answer = options.place.answer({Ask::audit_list, {}, {{"from", next}, {"limit", kAtOnce}}});
    const ordered_json& some = answer.at("records");
    for (const ordered_json& record : some) {
      std::cout << (options.json ? json_line(record) : line_of(record)) << '\n';
    }
    if (static_cast<int64_t>(some.size()) < kAtOnce) break;
    next = some.back().at("number").get<int64_t>() + 1;
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

/// Those given; none: the file that roots go out to by themselves, if it is there.
std::vector<store::AuditRoot> roots_for(const Options& options) {
  if (!options.roots.empty()) return roots_from(options.roots);
  const char* configured = std::getenv("CARDWRIGHT_AUDIT_ROOTS");
  if (configured == nullptr || *configured == '\0') return {};
  return store::read_roots(configured);
}

/// By a service, which is given no roots: what it says is what its own store holds.
ordered_json verdict_of(const Options& options, const std::vector<store::AuditRoot>& roots, std::string& where) {
  if (options.place.is_remote()) {
    where = "the service";
    return options.place.answer({Ask::audit_verify, {}, {}});
  }
  const auto opened = options.place.store.open_to_read();
  where = opened->where();
  return audit_state(*opened, roots).json();
}

ExitStatus verify(const Options& options) {
  const std::vector<store::AuditRoot> roots =
      options.place.is_remote() ? std::vector<store::AuditRoot>() : roots_for(options);
  std::string where;
  const ordered_json state = verdict_of(options, roots, where);
  const auto records = state.at("records").get<int64_t>();
  const std::string broken = text_in(state, "broken");
  const ordered_json& journals = state.at("journals");
  const ordered_json& odd = journals.at("broken");
  const std::string from_outside =
      std::to_string(roots.size()) + (roots.size() == 1 ? " root from outside says" : " roots from outside say");
  if (options.json) {
    print_json(state);
  } else if (broken.empty()) {
    std::cout << "the audit is whole: " << records << (records == 1 ? " record" : " records")
              << (roots.empty() ? "" : ", as " + from_outside) << '\n';
    std::cout << journals.at("whole")
              << (journals.at("whole") == 1 ? " journal is as its run" : " journals are as their runs") << " left it, "
              << journals.at("forgotten") << " forgotten" << std::endl;
    for (const ordered_json& line : odd) std::cout << "broken: " << printable(line.get<std::string>()) << '\n';
  }
  int64_t covered = 0;
  for (const store::AuditRoot& root : roots) covered = std::max(covered, root.size);
  if (!roots.empty() && covered < records) {
    std::cerr << "The newest root from outside is over the first " << covered
              << " of them: that one after those was cut "
              << "would not be seen.\n";
  }
  if (options.place.is_remote()) {
    std::cerr
        << "A service holds its own audit against nothing: a cut tail would not be seen; keep roots elsewhere, and "
           "verify its store with --root.\n";
  } else if (roots.empty()) {
    std::cerr << "No root from outside was given: a cut tail would not be seen; give one with --root.\n";
  }
  if (broken.empty() && odd.empty()) return ExitStatus::ok;
  const std::string what = broken.empty() ? "runs in " + where +
                                                " are not what the audit says of them: " + std::to_string(odd.size()) +
                                                " of them, on the lines above"
                                          : "the audit of " + where + " is broken: " + broken;
  complain({ErrorKind::store, what + "; keep the store as evidence, and compare it with a copy"});
  return ExitStatus::refused;
}

ExitStatus prove(const Options& options) {
  std::cout << proof_text(options.place.store.open_to_read()->audit().prove(options.number)) << std::endl;
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
  std::cout << line_of(json_of(proof.record)) << '\n'
            << (known ? "is in the audit with the root that was given\n" : "is in the audit with this root:\n");
  std::cout << store::root_text(proof.root) << std::endl;
  if (roots.empty()) std::cerr << "Compare it with one that was kept elsewhere, or give that with --root.\n";
  return ExitStatus::ok;
}

ExitStatus give_root(const Options& options) {
  const auto opened = options.place.store.open_to_read();
  store::AuditRoot root;
  if (options.append) {
    store::append_root(*options.append, [&](const auto&) { return root = opened->audit().root(); });
  } else {
    root = opened->audit().root();
  }
  std::cout << store::root_text(root) << std::endl;
  return ExitStatus::ok;
}

CLI::Option* add_roots_to(CLI::App& command, Options& options) {
  return command.add_option("--root", options.roots, "a root that was kept elsewhere: a file of them, or a line")
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
  options->place.add_store_to(*command);
  add_roots_to(*command, *options)->excludes(command->get_option("--service"));
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
  options->place.store.add_to(*command);
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
  options->place.store.add_to(*command);
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
