#include "store/journal_hash.h"

#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::store {

void JournalHash::add(ByteView frame) {
  link_ = crypto::digest(crypto::Hash::sha256, concat({link_, frame}));
  ++frames_;
}

std::string JournalHash::text(const crypto::SealingKey& key) const { return to_hex(key.mac("journal", link_)); }

}  // namespace cw::store
