#include "base/error.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
#include "dek_private.h"

namespace cw::gp {

Bytes Dek::encrypt_key(const crypto::Key& key) const { return encrypt_data(key.material()); }

Bytes Dek::encrypt_data(const Secret& data) const {
  return data.size() % block() == 0 ? encrypt(data) : encrypt(crypto::padded(data, block(), 0x80));
}

size_t Dek::block() const {
  if (!key_) throw Error(ErrorKind::usage, "encrypting a key: this channel was opened without a DEK");
  return key_->type() == crypto::KeyType::aes ? 16 : 8;
}

Bytes Dek::encrypt(const Secret& blocks) const {
  const Secret key = key_->material();
  if (key_->type() == crypto::KeyType::aes) return crypto::Aes(key).cbc_encrypt({}, blocks);
  return crypto::Des(key).ecb_encrypt(blocks);
}

}  // namespace cw::gp
