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

/// The key set in which the keys of this domain are kept, as its owner's flows say it: "ssd.<AID>.<16 digits for the
/// card>". `card`: chip_of() its identity.
std::string domain_key_name(const std::string& card, const std::string& aid);

class IssuerDesk {
 public:
  using Clock = std::function<int64_t()>;  // milliseconds since 1970

  IssuerDesk(std::shared_ptr<store::Store> store, std::shared_ptr<crypto::Vault> keys, Clock clock)
      : store_(std::move(store)), keys_(std::move(keys)), clock_(std::move(clock)) {}

  /// Table 7. Into custody, then into the record of the domain; the same keys again are taken as they were. The answer
  /// says no, in one line, where the domain is not known or not here any more, nothing of its owner is managed, or the
  /// keys are wrapped, checked or signed wrongly, or are others than those that came before; nothing is then changed,
  /// and the message can come again. Raises what custody and store raise.
  SyncAnswer keys(const SenderConfig& sender, const KeySync& message);
  /// Table 9. The domain is marked, if it is gone runs on its card are asked to stop, and who wants to know is told
  /// through the outbox: all of it or nothing. Told twice is told once. Raises store.
  SyncAnswer state(const SenderConfig& sender, const StateSync& message);

 private:
  using SomeKeys = std::vector<std::shared_ptr<const crypto::Key>>;
  void authenticate(const SenderConfig& sender, const MessageHead& head, const MessageSeal& seal) const;
  void once(const SenderConfig& sender, const MessageSeal& seal, const std::function<void()>& work);
  std::vector<store::Domain> domains(const SenderConfig& sender, const MessageHead& head) const;
  const crypto::Vault& custody() const;
  void keep(const SenderConfig& sender, const KeySync& message, const store::Domain& domain, const SomeKeys& keys);
  void mark(const SenderConfig& sender, const StateSync& message, const store::Domain& known, store::DomainState next);
  void notify(const SenderConfig& sender, const store::Domain& domain);

  std::shared_ptr<store::Store> store_;
  std::shared_ptr<crypto::Vault> keys_;  // null: no sender may bring keys
  Clock clock_;
};

}  // namespace cw::service
