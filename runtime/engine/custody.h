// What stands behind the names in a canonical command: keys of the key store, keys that a backend sent for this
// attempt, secret arguments of the run. The last stop before the wire: what leaves here is bytes of the command, or one
// Secret that can only be encrypted.
//
// Owner: one run. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "card/apdu.h"
#include "crypto/key_store.h"
#include "gp/channel.h"
#include "host/outside.h"

namespace cw::engine {

class Custody {
 public:
  /// Both must outlive this. `secrets`: argument name -> bytes.
  Custody(const crypto::KeyStore& store, const std::map<std::string, Secret>& secrets)
      : store_(store), secrets_(secrets) {}

  /// The set as stored, or diversified with the card's 10 bytes of diversification data if the set asks for it; or one
  /// that was unwrapped. Raises usage: no such set.
  crypto::KeySet key_set(const std::string& name, ByteView diversification_data) const;
  /// A single key that signs. Raises usage: no such key.
  std::shared_ptr<const crypto::SigningKey> signing_key(const std::string& name,
                                                        crypto::SigningUse use = crypto::SigningUse::any) const;
  /// Of a set, of a key that signs, or of a KEK.
  host::KeyInfo info(const std::string& name) const;
  /// Keeps the set under its name, which begins with host::kUnwrapped. Raises usage, and keeps nothing of it: no such
  /// KEK, no such form, a key that was wrapped under another one, or is none, or has another check value.
  host::KeyInfo unwrap(const host::WrappedKeys& keys);
  /// An attempt begins: it has none yet.
  void forget_unwrapped() { unwrapped_.clear(); }

  struct Resolved {
    card::Apdu apdu{};               // its data is empty when `secret` is set
    std::optional<Secret> secret{};  // the whole command data
  };
  /// `channel` null: outside a secure channel, where keys and secrets cannot travel: raises channel.
  Resolved resolve(const host::Command& command, const gp::Channel* channel, ByteView diversification_data) const;

 private:
  Bytes key_bytes(const host::KeyPart& part, const gp::Channel& channel, ByteView diversification_data) const;
  Bytes token_bytes(const host::Command& command, const host::TokenPart& part) const;
  Bytes dap_bytes(const host::DapPart& part) const;
  const Secret& secret(const std::string& name) const;

  crypto::KeySet stored(const std::string& name) const;

  const crypto::KeyStore& store_;
  std::map<std::string, crypto::KeySet> unwrapped_{};
  const std::map<std::string, Secret>& secrets_;
  mutable std::map<std::string, Bytes> dap_blocks_{};  // made once: some keys sign with other bytes each time
};

}  // namespace cw::engine
