#include "crypto/key_keeper.h"

#include <chrono>

#include "base/error.h"
#include "crypto/digest.h"

namespace cw::crypto {

namespace {

constexpr size_t kSetSize = 3;

size_t keys_for(KeyPurpose purpose) { return purpose == KeyPurpose::channel ? kSetSize : 1; }

}  // namespace

void KeyKeeper::want_usable(std::string_view name) const {
  const KeyRecord known = record(name);
  check_use(known, {known.purpose}, now());
}

NewKey random_key(KeyRecord record) {
  NewKey out{std::move(record), {}, {}};
  if (!out.record.pair.empty()) {
    out.pem = generate_pair(out.record.pair, out.record.size);
    return out;
  }
  for (size_t count = keys_for(out.record.purpose); count > 0; --count) {
    out.keys.push_back(make_key(out.record.type, random_secret(out.record.size)));
  }
  return out;
}

void check_keys(const NewKey& key) {
  const size_t wanted = keys_for(key.record.purpose);
  if (key.keys.size() != wanted) {
    throw Error(ErrorKind::usage, "a " + std::string(name_of(key.record.purpose)) + " key '" + key.record.name +
                                      "' is " + (wanted == 1 ? "one key" : "three keys: ENC, MAC, DEK") +
                                      ", and here are " + std::to_string(key.keys.size()));
  }
  for (const std::shared_ptr<const Key>& one : key.keys) {
    if (one->type() == key.keys.front()->type() && one->size() == key.keys.front()->size()) continue;
    throw Error(ErrorKind::usage, "the three keys of '" + key.record.name + "' are not of one type and length");
  }
}

int64_t KeyKeeper::now() const {
  if (clock_) return clock_();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace cw::crypto
