#include "journal/key_watch_store.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::journal {

namespace {

store::KeyCandidate candidate(const engine::KeyWatch::Keys& keys) { return {keys.set, keys.version}; }

std::string shown(const store::KeyCandidate& keys) {
  return "'" + keys.set + "' (version " + to_hex(static_cast<uint8_t>(keys.version)) + ")";
}

}  // namespace

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

void refuse_to_lose(store::Rotations& rotations, const std::string& set) {
  if (!rotations.names(set)) return;
  for (const store::Rotation& rotation : rotations.list(false)) {
    if (rotation.before.set != set && rotation.after.set != set) continue;
    throw Error(ErrorKind::usage,
                "destroying key set '" + set + "': a card may hold it and no other, since a rotation " + "is open: " +
                    rotation_line(rotation) + "; run the rotation again first, which shows what the card holds");
  }
}

}  // namespace cw::journal
