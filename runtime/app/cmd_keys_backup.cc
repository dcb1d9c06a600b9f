#include <iostream>
#include <memory>

#include "app/json_text.h"
#include "app/key_source.h"
#include "app/terminal.h"
#include "base/error.h"
#include "cmd_keys_private.h"

namespace cw::app {

namespace {

struct Options {
  KeysPlace place{};
  std::filesystem::path file{};
  std::optional<std::filesystem::path> backup_passphrase{};
};

Secret passphrase_of(const Options& options) {
  if (!options.backup_passphrase) {
    throw Error(ErrorKind::usage, "a backup has a passphrase of its own: give --backup-passphrase-file");
  }
  return key_passphrase(options.backup_passphrase, "");
}

ExitStatus back_up(const Options& options) {
  const auto store = options.place.audit();
  const auto vault = options.place.vault();
  vault->back_up(options.file, passphrase_of(options));
  tell_audit(store, "keys backed up", "", {{"keys", std::to_string(vault->records().size())}});
  std::cout << printable(options.file.string()) << " has all " << vault->records().size()
            << " keys, sealed under a passphrase of its own" << std::endl;
  return ExitStatus::ok;
}

ExitStatus restore(const Options& options) {
  const auto store = options.place.audit();
  const auto vault = options.place.vault();
  const auto backup = crypto::Vault::open(options.file, passphrase_of(options));
  const size_t count = vault->restore(*backup);
  tell_audit(store, "keys restored", "", {{"keys", std::to_string(count)}});
  std::cout << count << " of " << backup->records().size()
            << " keys were missing and are back; what is there stayed as it is" << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_keys_backup(CLI::App& keys, Action& action) {
  const auto add_one = [&](const char* name, const char* what, ExitStatus (*work)(const Options&), const char* more) {
    auto options = std::make_shared<Options>();
    CLI::App* command = keys.add_subcommand(name, what);
    command->add_option("FILE", options->file, "the backup")->required()->type_name("");
    options->place.add_to(*command);
    command
        ->add_option("--backup-passphrase-file", options->backup_passphrase,
                     "private file with what the backup is sealed under")
        ->type_name("FILE");
    command->footer(std::string(more) + "\n\nExamples:\n  cardwright keys " + name +
                    " keys.backup --backup-passphrase-file other --keys keys.sealed");
    command->callback([options, work, &action] { action = [options, work] { return work(*options); }; });
  };
  add_one("backup", "All keys as another sealed file", back_up, "The backup is a sealed key file like any other.");
  add_one("restore", "Bring keys of a backup back that are not there", restore,
          "What is there stays as it is: a key that was revoked or destroyed since stays so.");
}

}  // namespace cw::app
