// Where the store of a command is: --store, else CARDWRIGHT_STORE, else a file of this user's own.
//
// Thread rule: plain values.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "store/store.h"

namespace CLI {
class App;
}

namespace cw::app {

struct StorePlace {
  std::optional<std::string> store{};
  std::optional<std::filesystem::path> key{};

  /// Puts --store and --store-key into a subcommand.
  void add_to(CLI::App& command);

  /// A path or postgres://...; absent: switched off by "none". Raises usage as default_store().
  std::optional<std::string> where() const;

  /// For a run: made if it is not there. Null: switched off. A root of the audit goes out if one is due
  /// (audit_roots.h). Raises usage, store: as Store::open; an older format, since only `store migrate` changes that.
  std::shared_ptr<store::Store> open() const;

  /// The same for a command on cards. A real card counts what is asked of it, whatever program asks, so it has a store
  /// where nothing else is said. Simulated ones are forgotten with their program: null, unless one is asked for.
  std::shared_ptr<store::Store> open_for(bool simulated) const;

  /// The same for one that keeps nothing: null where there is no store yet.
  std::shared_ptr<store::Store> open_if_there(bool simulated) const;

  /// For commands over what is there: nothing is made, and it may lie where nothing can be written. Raises usage:
  /// switched off, or nothing there; store.
  std::shared_ptr<store::Store> open_to_read() const;
  /// The same for those that change it: a root of the audit goes out if one is due.
  std::shared_ptr<store::Store> open_to_change() const;

  /// The options that those two open it with, for who needs others. Raises usage: switched off.
  store::StoreOptions options() const;

 private:
  bool is_named() const;
};

/// XDG_STATE_HOME/cardwright/store.db, else HOME/.local/state/cardwright/store.db; either may be null. Raises usage:
/// neither is an absolute path.
std::filesystem::path default_store(const char* state_home, const char* home);

/// Makes the folder and those above it that are missing, for their owner alone. Raises usage.
void make_private_folder(const std::filesystem::path& folder);

}  // namespace cw::app
