#include "crypto/aes.h"
#include "crypto/des.h"
#include "keys_private.h"
#include "status_private.h"
#include "tlv_private.h"

namespace cw::se {

const CardKey* find_key(const Domain& domain, uint8_t version, uint8_t id) {
  for (const CardKey& key : domain.keys) {
    if (key.version == version && key.id == id) return &key;
  }
  return nullptr;
}

uint16_t key_reference(ByteView template_content) {
  const std::optional<ByteView> reference = find_tlv(parse_tlvs(template_content), 0x83);
  if (!reference || reference->size() != 2) refuse(sw::kWrongData, "a key is named by 83, identifier and version");
  return static_cast<uint16_t>(read_be(*reference));
}

bool has_version(const Domain& domain, uint8_t version) {
  return std::any_of(domain.keys.begin(), domain.keys.end(),
                     [&](const CardKey& key) { return key.version == version; });
}

bool opens_channel(const Domain& domain, uint8_t version) {
  const CardKey* enc = find_key(domain, version, 1);
  if (enc == nullptr || (enc->type() != key_type::kDes && enc->type() != key_type::kAes)) return false;
  for (const uint8_t id : {uint8_t{2}, uint8_t{3}}) {
    const CardKey* key = find_key(domain, version, id);
    if (key == nullptr || key->type() != enc->type()) return false;
  }
  return true;
}

uint8_t default_version(const Domain& domain) {
  for (const CardKey& key : domain.keys) {
    if (opens_channel(domain, key.version)) return key.version;
  }
  return 0;
}

const Application& key_owner(const Nvm& nvm, const Application& application) {
  const Application* at = application.kind == Kind::domain ? &application : &parent(nvm, application);
  for (size_t steps = 0; steps <= nvm.applications.size(); ++steps) {
    if (default_version(at->sd) != 0 || is_issuer_domain(nvm, *at)) break;
    at = &parent(nvm, *at);
  }
  return *at;
}

Bytes key_check_value(const CardKey& key) {
  if (key.type() != key_type::kDes && key.type() != key_type::kAes) return {};
  const Bytes& value = key.parts[0].value;
  const size_t size = value.size();
  if (key.type() == key_type::kDes) {
    if (size != 16 && size != 24) refuse(sw::kWrongData, "a DES key has 16 or 24 bytes");
    Bytes block = crypto::Des(Secret::copy(value)).ecb_encrypt(Bytes(8, 0));
    block.resize(3);
    return block;
  }
  if (size != 16 && size != 24 && size != 32) refuse(sw::kWrongData, "an AES key has 16, 24 or 32 bytes");
  crypto::Block16 ones;
  ones.fill(0x01);
  const crypto::Block16 block = crypto::Aes(Secret::copy(value)).encrypt_block(ones);
  return {block.begin(), block.begin() + 3};
}

}  // namespace cw::se
