// Results on their way to a backend: delivered at least once, with an idempotency key that stays the same, whatever
// process does it and however often. Bodies are sealed by whoever puts them in.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace cw::store {

struct Parcel {
  std::string key{};  // idempotency key: the same for the same run and name
  std::string run{};
  std::string name{};  // the flow's name for it
  std::string url{};   // without query
  Bytes call{};        // sealed: the whole call; dropped when it is delivered
  int64_t created = 0;
  int64_t due = 0;      // milliseconds since 1970: not before; once it is delivered, when that was
  int64_t tries = 0;    // how often it was taken
  std::string error{};  // of the last try: status or kind, never a body
  bool delivered = false;
  bool given_up = false;  // the backend said that it will never take it (4xx but 408, 425, 429)
};

struct Left {
  int64_t waiting = 0;  // to be tried, again or for the first time
  int64_t next = 0;     // when the first of them can be taken; 0: there is none
  int64_t given_up = 0;
};

class Outbox {
 public:
  virtual ~Outbox() = default;

  /// Durable on return. One with this key that is there stays as it is. Raises store.
  virtual void put(const Parcel& parcel) = 0;
  /// Takes one that is due, and keeps others from it for `hold_ms`, by their clocks; absent: none is due. `run` empty:
  /// of any.
  virtual std::optional<Parcel> take(int64_t now, int64_t hold_ms, const std::string& run = {}) = 0;
  virtual void delivered(const std::string& key) = 0;
  /// Not taken; tried again at `due`, or never (`give_up`). Changes nothing once the hold is over and another took it.
  virtual void failed(const std::string& key, int64_t due, const std::string& error, bool give_up) = 0;
  virtual std::vector<Parcel> list(bool all) = 0;
  /// What is still to be delivered. `run` empty: of all.
  virtual Left left(const std::string& run = {}) = 0;
  /// A person wants one tried again now: that was given up, or whose turn comes later. Raises usage: no such one.
  virtual void retry(const std::string& key) = 0;
};

}  // namespace cw::store
