// The sealed key file: keys with their records, in one file that nobody reads without its passphrase or its key.
//
// The file is a line of text, which says how it is sealed, and records under AES-256-GCM. A change takes a lock between
// processes, reads the file again, and puts a whole new one in its place; a reader notices and reads again.
//
// Thread rule: any thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "crypto/key_keeper.h"
#include "crypto/seal.h"

namespace cw::crypto {

struct VaultEntry;

class Vault : public KeyKeeper {
 public:
  /// Whether the file begins as such a file does; false also for one that is not there.
  static bool is_vault(const std::filesystem::path& file);
  /// A new one without keys. `secret`: 64 hex digits are a key, anything else is a passphrase. Raises usage: it is
  /// there, it cannot be written, an empty passphrase.
  static void make(const std::filesystem::path& file, const Secret& secret);
  /// Raises usage: others can read the file, it is none, another passphrase or key; store: it was changed.
  static std::shared_ptr<Vault> open(const std::filesystem::path& file, const Secret& secret, Clock now = {});
  ~Vault() override;

  /// A key set for a channel, or a master key. "isd@1" is the first generation of one that was replaced. Raises usage
  /// as check_use, or no such key.
  KeySet find(std::string_view name) const override;
  std::vector<std::string> names() const override;
  /// A KEK.
  std::shared_ptr<const Key> find_key(std::string_view name) const override;
  /// One for tokens, receipts or DAP.
  std::shared_ptr<const SigningKey> find_signing_key(std::string_view name,
                                                     SigningUse use = SigningUse::any) const override;
  /// A single key for one of these purposes.
  std::shared_ptr<const Key> find_for(std::string_view name, std::initializer_list<KeyPurpose> wanted) const;

  std::vector<KeyRecord> records() const override;
  KeyRecord record(std::string_view name) const override;
  std::vector<std::shared_ptr<const Key>> keys_of(std::string_view name) const override;

  KeyRecord put(NewKey key) override;
  KeyRecord generate(KeyRecord record, bool exportable) override;
  /// The next generation of a name; the one before is replaced by it and stays usable as NAME@GENERATION. Purpose,
  /// diversification and, if the new one has none, version stay.
  KeyRecord update(NewKey key);
  /// The keys of a name that somebody else made: those that are there already, under whichever generation, are that
  /// one's record; others become the first, or with `may_replace` the next generation. Raises usage: others are there
  /// and may not be replaced, they are of another origin, or these very keys were revoked or destroyed.
  KeyRecord settle(NewKey key, bool may_replace);
  KeyRecord archive(std::string_view name) override;
  KeyRecord revoke(std::string_view name) override;
  /// Its bytes are gone; its record stays, as evidence.
  KeyRecord destroy(std::string_view name) override;

  /// All of it as another file, sealed under `secret`. Raises usage: it is there.
  void back_up(const std::filesystem::path& file, const Secret& secret) const;
  /// What `from` has and this has not; what this has stays as it is, also what was revoked or destroyed. How many.
  size_t restore(const Vault& from);

 private:
  struct Entry;
  struct State;
  Vault(std::filesystem::path file, Secret secret, Clock now);
  // With mutex_ held.
  void refresh() const;
  void load() const;
  Entry& entry(std::string_view name) const;
  std::shared_ptr<const Key> key_at(Entry& entry, size_t index) const;
  void add(NewKey key);
  void add_pair(NewKey key);
  void settle();
  static std::vector<VaultEntry> copies(const std::vector<Entry>& entries);

  KeyRecord change(const std::function<KeyRecord()>& work);

  const std::filesystem::path file_;
  const Secret secret_;
  mutable std::mutex mutex_;
  const std::unique_ptr<State> state_;
};

}  // namespace cw::crypto
