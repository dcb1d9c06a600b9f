// What a journal comes to: one value over all frames of a run, as they are kept, in their order. The audit keeps it
// when a run ends, so that a journal whose frames were dropped, moved or exchanged afterwards is found.
//
// Thread rule: plain values.
#pragma once

#include <string>

#include "base/bytes.h"
#include "crypto/seal.h"

namespace cw::store {

class JournalHash {
 public:
  /// The next frame, sealed.
  void add(ByteView frame);
  int64_t frames() const { return frames_; }
  /// 64 hex digits, under the run's key: says nothing to those who do not have it.
  std::string text(const crypto::SealingKey& key) const;

 private:
  Bytes link_{};  // SHA-256 over the one before and the frame
  int64_t frames_ = 0;
};

}  // namespace cw::store
