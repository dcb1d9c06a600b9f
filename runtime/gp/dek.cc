#include "base/error.h"
#include "crypto/digest.h"
#include "dek_private.h"

namespace cw::gp {

Bytes Dek::encrypt_key(const crypto::Key& key) const {
  return this->key().wrap(block() == 16 ? crypto::WrapForm::aes_cbc : crypto::WrapForm::des_ecb, key);
}

Bytes Dek::encrypt_data(const Secret& data) const {
  return data.size() % block() == 0 ? key().encrypt(data) : key().encrypt(crypto::padded(data, block(), 0x80));
}

size_t Dek::block() const { return key().type() == crypto::KeyType::aes ? 16 : 8; }

const crypto::Key& Dek::key() const {
  if (!key_) throw Error(ErrorKind::usage, "encrypting a key: this channel was opened without a DEK");
  return *key_;
}

}  // namespace cw::gp
