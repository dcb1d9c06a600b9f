#include "journal/key_watch_store.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "host/outside.h"

namespace cw::journal {

namespace {

std::string shown(const store::KeyCandidate& keys) {
  return "'" + keys.set + "' (version " + to_hex(static_cast<uint8_t>(keys.version)) + ")";
}

}  // namespace

store::KeyCandidate StoreKeyWatch::candidate(const Keys& keys) const {
  const bool stored = !keys.set.starts_with(host::kUnwrapped);
  return {stored && in_custody_ ? in_custody_(keys.set) : keys.set, keys.version};
}

void StoreKeyWatch::about_to_put_keys(const Place& place, const Keys& before, const Keys& after) {
  store::Rotation rotation;
  rotation.card = place.card;
  rotation.domain = to_hex(place.domain);
  rotation.before = candidate(before);
  rotation.after = candidate(after);
  rotation.run = run_;
  rotation.begun = now_();
  rotations_.begin(rotation);
}

void StoreKeyWatch::channel_opened(const Place& place, const Keys& keys) {
  rotations_.opened_with(place.card, to_hex(place.domain), candidate(keys));
}

std::string rotation_line(const store::Rotation& rotation) {
  return "card " + rotation.card + ", " +
         (rotation.domain.empty() ? std::string("the ISD") : "domain " + rotation.domain) + ": from " +
         shown(rotation.before) + " to " + shown(rotation.after) + ", run " + rotation.run +
         (rotation.decided.empty() ? ", not decided" : ", the card has those " + rotation.decided + " it");
}

std::string keys_text(const store::NamedKeys& keys) {
  const std::string version = to_hex(static_cast<uint8_t>(keys.version));
  return "key set '" + keys.set + "'" + (keys.version == 0 ? "" : ", version " + version);
}

std::vector<store::NamedKeys> lost_keys(store::Store& store, const std::string& run, const crypto::KeyStore& custody) {
  std::vector<store::NamedKeys> out;
  const std::vector<std::string> names = custody.names();
  const std::string owner = store.runs().find(run).owner;
  const auto has = [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  for (const store::NamedKeys& keys : store.runs().keys_of(run)) {
    if (has(keys.set) || (!owner.empty() && has(owner + "/" + keys.set))) continue;
    // The version that the card was asked for says more than none.
    if (!out.empty() && out.back().set == keys.set) out.pop_back();
    out.push_back(keys);
  }
  return out;
}

void refuse_to_lose(store::Store& store, const std::string& set) {
  for (const store::KeyHolder& holder : store.runs().holders_of(set)) {
    throw Error(ErrorKind::usage, "destroying key set '" + set + "': run " + holder.run +
                                      " is not over and goes on with it; end it first, with cardwright runs resume or "
                                      "runs stop " +
                                      holder.run);
  }
  store::Rotations& rotations = store.rotations();
  if (!rotations.names(set)) return;
  for (const store::Rotation& rotation : rotations.list(false)) {
    if (rotation.before.set != set && rotation.after.set != set) continue;
    throw Error(ErrorKind::usage,
                "destroying key set '" + set + "': a card may hold it and no other, since a rotation " + "is open: " +
                    rotation_line(rotation) + "; run the rotation again first, which shows what the card holds");
  }
}

}  // namespace cw::journal
