#include "engine/custody.h"

#include <array>

#include "card/tlv.h"
#include "crypto/digest.h"
#include "crypto/key_wrap.h"
#include "gp/dap.h"
#include "gp/diversification.h"
#include "gp/put_key.h"
#include "gp/tokens.h"

namespace cw::engine {

namespace {

std::shared_ptr<const crypto::Key> key_at(const crypto::KeySet& set, uint8_t index) {
  return index == 0 ? set.enc : index == 1 ? set.mac : set.dek;
}

/// Null: nothing of this name signs.
std::shared_ptr<const crypto::SigningKey> signing_key_or_none(const crypto::KeyStore& store, const std::string& name) {
  try {
    return store.find_signing_key(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return nullptr;
  }
}

/// Null: nothing of this name wraps other keys.
std::shared_ptr<const crypto::Key> kek_or_none(const crypto::KeyStore& store, const std::string& name) {
  try {
    return store.find_key(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return nullptr;
  }
}

std::string type_of(const crypto::Key& key) { return key.type() == crypto::KeyType::aes ? "aes" : "des"; }

std::string type_of(const crypto::SigningKey& key) {
  if (const auto shared = key.shared()) return type_of(*shared);
  if (key.algorithm() == crypto::SigningAlgorithm::sm2) return "sm2";
  return key.algorithm() == crypto::SigningAlgorithm::ecdsa ? "ec" : "rsa";
}

host::KeyInfo info_of(const crypto::KeySet& set) {
  host::KeyInfo info{type_of(*set.enc), static_cast<uint32_t>(set.enc->size()), set.version, {}};
  if (set.diversification.empty()) info.kcvs = {set.enc->kcv(), set.mac->kcv(), set.dek->kcv()};
  return info;
}

/// What a card is given of a key that signs, to check with.
gp::KeyItem item_for_card(const crypto::SigningKey& key) {
  if (const auto shared = key.shared()) return gp::SecretKeyItem{shared, {}};
  const std::vector<crypto::PublicPart> parts = key.public_parts();
  if (parts.size() != 2) throw Error(ErrorKind::internal, "a key that signs shows neither a secret nor a public half");
  if (key.algorithm() == crypto::SigningAlgorithm::ecdsa)
    return gp::EccPublicKeyItem{parts[0].value, parts[1].value.at(0)};
  return gp::RsaPublicKeyItem{parts[0].value, parts[1].value};
}

/// The load file data block in what LOAD carries: behind C4 and its length.
ByteView data_block(const host::File& file) {
  const auto header = card::read_tlv_header(file.content);
  if (!header || header->tag != 0xC4 || header->size + header->length != file.content.size()) {
    throw Error(ErrorKind::internal, "DAP block: '" + file.name + "' is no load file");
  }
  return ByteView(file.content).subspan(header->size);
}

crypto::Hash hash_of_size(size_t size) {
  switch (size) {
    case 20:
      return crypto::Hash::sha1;
    case 32:
      return crypto::Hash::sha256;
    case 48:
      return crypto::Hash::sha384;
    case 64:
      return crypto::Hash::sha512;
    default:
      throw Error(ErrorKind::internal, "DAP block: no hash has " + std::to_string(size) + " bytes");
  }
}

}  // namespace

crypto::KeySet Custody::stored(const std::string& name) const {
  if (!name.starts_with(host::kUnwrapped)) return store_.find(name);
  const auto found = unwrapped_.find(name);
  if (found != unwrapped_.end()) return found->second;
  throw Error(ErrorKind::usage, "no keys were unwrapped as '" + name +
                                    "' in this attempt; they are gone when it ends, so ask for them again with "
                                    "keys.unwrap");
}

crypto::KeySet Custody::key_set(const std::string& name, ByteView diversification_data) const {
  const crypto::KeySet set = stored(name);
  return diversification_data.empty() ? set : gp::card_keys(set, diversification_data);
}

std::shared_ptr<const crypto::SigningKey> Custody::signing_key(const std::string& name, crypto::SigningUse use) const {
  std::shared_ptr<const crypto::SigningKey> out = store_.find_signing_key(name, use);
  if (out->algorithm() == crypto::SigningAlgorithm::sm2 && use != crypto::SigningUse::message) {
    throw Error(ErrorKind::usage, "key '" + name + "' is an SM2 key, which signs messages; no card checks with it");
  }
  return out;
}

host::KeyInfo Custody::info(const std::string& name) const {
  if (const auto key = signing_key_or_none(store_, name)) {
    host::KeyInfo info{type_of(*key), static_cast<uint32_t>(key->signature_size()), 0, {}};
    if (const auto shared = key->shared()) info.kcvs = {shared->kcv()};
    return info;
  }
  try {
    return info_of(stored(name));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    const auto kek = kek_or_none(store_, name);
    if (kek) return {type_of(*kek), static_cast<uint32_t>(kek->size()), 0, {kek->kcv()}};
    store_.want_usable(name);  // that it has expired says more than that it opens no channel
    throw;
  }
}

host::KeyInfo Custody::unwrap(const host::WrappedKeys& keys) {
  constexpr std::array<const char*, 3> kParts = {"ENC", "MAC", "DEK"};
  unwrapped_.erase(keys.name);
  const auto kek = store_.find_key(keys.under);
  const crypto::WrapForm form = crypto::wrap_form(keys.form);
  std::array<std::shared_ptr<const crypto::Key>, 3> out{};
  for (size_t i = 0; i < out.size(); ++i) {
    try {
      crypto::WrappedKey expected;
      expected.type = keys.type == "des" ? crypto::KeyType::des : crypto::KeyType::aes;
      expected.kcv = keys.kcvs[i];
      out[i] = crypto::unwrap_key(*kek, form, expected, keys.keys[i]);
    } catch (const Error& error) {
      throw error.within("keys of " + keys.backend + " under '" + keys.under + "', " + kParts[i]);
    }
    if (out[i]->size() == out[0]->size()) continue;
    throw Error(ErrorKind::usage, "keys of " + keys.backend + " under '" + keys.under +
                                      "': ENC, MAC and DEK of one set are not of one length");
  }
  const crypto::KeySet& set = unwrapped_[keys.name] = {keys.name, keys.version, out[0], out[1], out[2], {}};
  return info_of(set);
}

const Secret& Custody::secret(const std::string& name) const {
  const auto found = secrets_.find(name);
  if (found == secrets_.end()) throw Error(ErrorKind::usage, "the run has no secret argument '" + name + "'");
  return found->second;
}

Bytes Custody::key_bytes(const host::KeyPart& part, const gp::Channel& channel, ByteView diversification_data) const {
  if (part.form == host::KeyPart::Form::signing) {
    Bytes data = gp::put_key_data(channel, 1, {item_for_card(*signing_key(part.set))});
    data.erase(data.begin());
    return data;
  }
  const crypto::KeySet set = key_set(part.set, diversification_data);
  const auto key = key_at(set, part.index);
  if (part.form == host::KeyPart::Form::value) return channel.encrypt_key(*key);
  Bytes data = gp::put_key_data(channel, 1, {gp::SecretKeyItem{key, {}}});
  data.erase(data.begin());  // the version: the command has it once, ahead of its keys
  return data;
}

/// Over the bytes that the command has so far; a DELETE's tag of the token is not among them (GPCS C.4.6).
Bytes Custody::token_bytes(const host::Command& command, const host::TokenPart& part) const {
  const auto raise = [&](const std::string& what) {
    throw Error(ErrorKind::usage, "token by key '" + part.key + "': " + what);
  };
  if (command.data.parts().size() != 2 || !std::holds_alternative<Bytes>(command.data.parts()[0])) {
    raise("it ends a command of bytes; stored keys, secret arguments and files are not signed");
  }
  ByteView before = command.data.visible();
  if (command.ins == 0xE4 && before.back() == 0x9E) before = before.first(before.size() - 1);
  const card::Apdu unsigned_one{command.cla, command.ins, command.p1, command.p2, to_bytes(before), {}};
  if (gp::before_token(unsigned_one).size() != before.size())
    raise("there are fields between what it signs and itself");
  // What goes ahead of it is the first INSTALL of a combined load, and this the last (GPCS C.4.7).
  const bool last_of_combined = command.ins == 0xE6 && command.p1 == 0x0E && command.p2 == 0x03;
  const bool first_of_combined = part.before.size() > 3 && part.before[0] == 0x0E && part.before[1] == 0x01;
  if (!part.before.empty() && !(last_of_combined && first_of_combined)) {
    raise("only the last INSTALL of a combined load has one over two commands, the first INSTALL and itself");
  }
  const Bytes input = concat({part.before, gp::command_token_input(command.p1, command.p2, before)});
  return card::lv(signing_key(part.key, crypto::SigningUse::token)->sign(input));
}

Bytes Custody::dap_bytes(const host::DapPart& part) const {
  host::DapPart whole = part;
  whole.offset = whole.size = 0;
  host::Command named;
  named.data.add(host::Part(whole));
  const auto [at, fresh] = dap_blocks_.try_emplace(host::canonical(named));
  if (fresh) {
    const Bytes hash = crypto::digest(hash_of_size(part.hash), data_block(*part.file));
    at->second = gp::dap_block({part.domain, signing_key(part.key, crypto::SigningUse::dap)->sign(hash)});
  }
  if (at->second.size() < part.offset + part.size) {
    throw Error(ErrorKind::usage,
                "DAP block by key '" + part.key + "': its signatures are shorter than they were said to be");
  }
  return to_bytes(ByteView(at->second).subspan(part.offset, part.size));
}

Custody::Resolved Custody::resolve(const host::Command& command, const gp::Channel* channel,
                                   ByteView diversification_data) const {
  Resolved out;
  out.apdu = {command.cla, command.ins, command.p1, command.p2, {}, command.le};
  if (!channel && (command.data.has_key() || command.data.has_secret())) {
    throw Error(ErrorKind::channel,
                "keys and secret arguments leave the host in a secure channel only; open one and "
                "send the command through it");
  }
  // Pieces of a command with secrets are joined inside crypto/, so that the joined bytes are a Secret too.
  std::vector<Bytes> held;
  held.reserve(command.data.parts().size());
  std::vector<crypto::SecretPiece> pieces;
  bool secret_inside = false;
  for (const host::Part& part : command.data.parts()) {
    if (const auto* bytes = std::get_if<Bytes>(&part)) {
      pieces.push_back({*bytes, nullptr});
    } else if (const auto* file = std::get_if<host::FilePart>(&part)) {
      pieces.push_back({ByteView(file->file->content).subspan(file->offset, file->size), nullptr});
    } else if (const auto* key = std::get_if<host::KeyPart>(&part)) {
      held.push_back(key_bytes(*key, *channel, diversification_data));
      pieces.push_back({held.back(), nullptr});
    } else if (const auto* token = std::get_if<host::TokenPart>(&part)) {
      held.push_back(token_bytes(command, *token));
      pieces.push_back({held.back(), nullptr});
    } else if (const auto* dap = std::get_if<host::DapPart>(&part)) {
      held.push_back(dap_bytes(*dap));
      pieces.push_back({held.back(), nullptr});
    } else if (const auto* named = std::get_if<host::SecretPart>(&part)) {
      if (named->under_dek) {
        held.push_back(channel->encrypt_data(secret(named->name)));
        if (held.back().size() != named->size) {
          throw Error(ErrorKind::usage, "secret '" + named->name + "' takes " + std::to_string(held.back().size()) +
                                            " bytes under this channel's DEK, and lengths were made for " +
                                            std::to_string(named->size) + "; give keys.under_dek the channel's scp");
        }
        pieces.push_back({held.back(), nullptr});
      } else {
        pieces.push_back({{}, &secret(named->name)});
        secret_inside = true;
      }
    }
  }
  if (secret_inside) {
    out.secret = crypto::join(pieces);
  } else {
    for (const crypto::SecretPiece& piece : pieces) append(out.apdu.data, piece.bytes);
  }
  return out;
}

}  // namespace cw::engine
