// The parts of `cardwright keys`, and what they share.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/keys_place.h"

namespace cw::app {

void add_keys_make(CLI::App& keys, Action& action);    // generate, assign, derive, component, update
void add_keys_wrap(CLI::App& keys, Action& action);    // import, export
void add_keys_end(CLI::App& keys, Action& action);     // archive, revoke, destroy
void add_keys_backup(CLI::App& keys, Action& action);  // backup, restore

/// What a new key is to be, as options say it.
struct NewKeyOptions {
  std::string name{};
  std::string type = "aes";
  size_t size = 0;  // bytes; 0: the usual ones of the type
  std::string purpose = "channel";
  std::string version = "00";
  std::string diversification{};
  std::string active_from{};
  std::string expires{};
  bool exportable = false;

  enum class Says : uint8_t { all, purpose, time };
  void add_to(CLI::App& command, Says says);
  /// Raises usage: a value that cannot be.
  crypto::KeyRecord said() const;
  /// Raises usage also: a type and size that no key of that purpose has.
  crypto::KeyRecord record() const;
};

/// Puts it into the place, as an update of a name or as a new one, and says so on standard output and in the audit.
struct KeyTaken {
  const KeysPlace& place;
  const NewKeyOptions& options;
  bool update = false;
  bool json = false;

  void take(crypto::NewKey key, const std::string& action) const;
  /// What was made already.
  void tell(const std::shared_ptr<store::Store>& store, const crypto::KeyRecord& made, const std::string& action) const;
};

/// The store whose runs and rotations may still need a key: the one that is named, else the default one if it is there.
std::shared_ptr<store::Store> store_of_runs(const KeysPlace& place);
/// Raises usage: a run that is not over or an open rotation needs it. They know a key by its name alone, and hold the
/// generation that they began with: so whatever generation of a name is asked about, the name is.
void refuse_if_needed(store::Store& store, const crypto::KeyRecord& record);

nlohmann::ordered_json key_json(const crypto::KeyRecord& record);
/// "504A77 8BAF47 FFCD73"
std::string kcv_text(const crypto::KeyRecord& record);
/// Raises usage: an odd number of digits, others than hexadecimal ones, not 3 bytes.
Bytes parse_kcv(const std::string& text);

}  // namespace cw::app
