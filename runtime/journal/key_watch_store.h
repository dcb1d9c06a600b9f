// Keys that may not be lost. Keeps key rotations in the store: both candidates before the first byte of PUT KEY, until
// a channel has shown which of them the card holds.
//
// Owner: whoever starts the run; it outlives it. Thread rule: any, as the store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crypto/key_store.h"
#include "engine/key_watch.h"
#include "store/store.h"

namespace cw::journal {

class StoreKeyWatch : public engine::KeyWatch {
 public:
  /// `rotations` outlives this. `run` begins them; `now`: milliseconds since 1970.
  StoreKeyWatch(store::Rotations& rotations, std::string run, std::function<int64_t()> now)
      : rotations_(rotations), run_(std::move(run)), now_(std::move(now)) {}

  /// What custody calls a key set that the run's flows name so; without it, the same.
  void in_custody(std::function<std::string(const std::string&)> named) { in_custody_ = std::move(named); }

  void about_to_put_keys(const Place& place, const Keys& before, const Keys& after) override;
  void channel_opened(const Place& place, const Keys& keys) override;

 private:
  store::Rotations& rotations_;
  std::string run_;
  std::function<int64_t()> now_;
  std::function<std::string(const std::string&)> in_custody_{};

  store::KeyCandidate candidate(const Keys& keys) const;
};

/// One line for people: which domain of which card, from which keys to which, begun by which run.
std::string rotation_line(const store::Rotation& rotation);

/// Whatever destroys keys in custody asks this first (cardwright keys destroy, archive). Raises usage: an open rotation
/// names it, so a card may hold it, and it alone; or a run that is not over needs it.
void refuse_to_lose(store::Store& store, const std::string& set);
/// Of the keys that a run needs, those which are not in custody (any more). Of a run that was begun in a store of
/// format 1 none is known before it is taken up.
std::vector<store::NamedKeys> lost_keys(store::Store& store, const std::string& run, const crypto::KeyStore& custody);
/// "key set 'demo.sd', version 30".
std::string keys_text(const store::NamedKeys& keys);

}  // namespace cw::journal
