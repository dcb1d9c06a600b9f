// A key store that knows of each key what it is for, in which state and until when, holds whoever uses one to that, and
// takes keys in and ends them: a sealed file, or a token.
//
// Thread rule: any thread.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "crypto/key_record.h"
#include "crypto/key_store.h"

namespace cw::crypto {

/// A new key, three of one set, or a pair.
struct NewKey {
  KeyRecord record{};  // name, purpose, version, diversification, origin, active_from and expires count
  std::vector<std::shared_ptr<const Key>> keys{};  // one; three for a channel: ENC, MAC, DEK; none of a pair
  Secret pem{};                                    // of a pair: its private half; else empty
  bool exportable = false;  // in a token: it may leave it under another key, as what goes onto cards must
};

class KeyKeeper : public KeyStore {
 public:
  using Clock = std::function<int64_t()>;  // milliseconds since 1970

  virtual std::vector<KeyRecord> records() const = 0;
  /// Raises usage: no such key.
  virtual KeyRecord record(std::string_view name) const = 0;
  void want_usable(std::string_view name) const final;
  /// The keys of a record, whatever it is for, as long as it may be used: for export and backup. Raises usage also: a
  /// pair, whose private half goes nowhere.
  virtual std::vector<std::shared_ptr<const Key>> keys_of(std::string_view name) const = 0;

  // Each raises usage: no such key, or it is in no state for that; nothing is then changed.

  /// A name that is new. Raises usage also: the name is taken, keys of another number or type than the record says.
  virtual KeyRecord put(NewKey key) = 0;
  /// The same, of random bytes.
  virtual KeyRecord generate(KeyRecord record, bool exportable) = 0;
  virtual KeyRecord archive(std::string_view name) = 0;
  virtual KeyRecord revoke(std::string_view name) = 0;
  virtual KeyRecord destroy(std::string_view name) = 0;

 protected:
  /// Without a clock, that of the system.
  explicit KeyKeeper(Clock clock) : clock_(std::move(clock)) {}
  int64_t now() const;
  bool knows_purposes() const final { return true; }

 private:
  const Clock clock_;
};

/// Random keys for such a record, or a new pair.
NewKey random_key(KeyRecord record);
/// Raises usage: keys of another number or type than the record's purpose has.
void check_keys(const NewKey& key);
}  // namespace cw::crypto
