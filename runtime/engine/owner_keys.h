// The key sets that an owner's runs see. Custody has them all in one store; "acme/isd" is acme's own, and a name
// without a '/' is the operator's.
//
// Thread rule: immutable.
#pragma once

#include <memory>
#include <string>

#include "crypto/key_store.h"
#include "engine/owner_grant.h"

namespace cw::engine {

class OwnerKeys : public crypto::KeyStore {
 public:
  /// `owner` empty: the operator's own, of which no owner's are any. `grant`: what the operator lends.
  OwnerKeys(std::shared_ptr<const crypto::KeyStore> all, std::string owner, OwnerGrant grant)
      : all_(std::move(all)), owner_(std::move(owner)), grant_(std::move(grant)) {}

  /// The owner's own, else the operator's of that name if it is lent. Raises usage: neither, and what to do.
  crypto::KeySet find(std::string_view name) const override;
  std::shared_ptr<const crypto::SigningKey> find_signing_key(
      std::string_view name, crypto::SigningUse use = crypto::SigningUse::any) const override;
  /// As its flows name them.
  std::vector<std::string> names() const override;
  /// The owner's own; single keys are not lent.
  std::shared_ptr<const crypto::Key> find_key(std::string_view name) const override;
  void want_usable(std::string_view name) const override;

  /// As custody has it: "acme/isd", or "isd". Empty: it is in neither.
  std::string in_custody(const std::string& name) const;

 private:
  [[noreturn]] void raise_unknown(const std::string& name) const;

  std::shared_ptr<const crypto::KeyStore> all_;
  std::string owner_;
  OwnerGrant grant_;
};

}  // namespace cw::engine
