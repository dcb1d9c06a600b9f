// What becomes of what issuers and device makers tell: keys of domains into custody, states into the store. All of it
// can be told twice, and is then there once.
//
// Owner: the issuers' door; what it is made of outlives it. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crypto/vault.h"
#include "host/outside.h"
#include "service/config.h"
#include "service/issuer_messages.h"
#include "store/store.h"

namespace cw::service {

/// The key set in which the keys of this domain are kept: "ssd.<AID>.<16 digits for the chip>", the owner's if it has
/// one.
std::string domain_key_name(const std::string& owner, const std::string& se_id, const std::string& aid);

class IssuerDesk {
 public:
  using Clock = std::function<int64_t()>;  // milliseconds since 1970

  IssuerDesk(std::shared_ptr<store::Store> store, std::shared_ptr<crypto::Vault> keys, Clock clock)
      : store_(std::move(store)), keys_(std::move(keys)), clock_(std::move(clock)) {}

  /// Table 7. Into custody, then into the record of the domain, so that a process which dies in between has lost
  /// nothing: the same keys again are taken as they were. The answer says no, in one line, where the domain is not
  /// known or not here any more, nothing of its owner is managed, or the keys are wrapped, checked or signed wrongly, or are others than those that
  /// came before; nothing is then changed.
  SyncAnswer keys(const SenderConfig& sender, const KeySync& message);
  /// Table 9. The domain is marked, runs on its card are asked to stop, and who wants to know is told through the
  /// outbox. Told twice is told once.
  SyncAnswer state(const SenderConfig& sender, const StateSync& message);

 private:
  void check(const SenderConfig& sender, const MessageHead& head, const MessageSeal& seal);
  store::Domain domain(const SenderConfig& sender, const MessageHead& head) const;
  void keep(const SenderConfig& sender, const KeySync& message, const store::Domain& domain, const std::string& name,
            std::vector<std::shared_ptr<const crypto::Key>> keys);
  void notify(const SenderConfig& sender, const store::Domain& domain, const std::string& status);

  std::shared_ptr<store::Store> store_;
  std::shared_ptr<crypto::Vault> keys_;  // null: no sender may bring keys
  Clock clock_;
};

}  // namespace cw::service
