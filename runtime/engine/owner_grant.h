// What an operator's policy lets an owner have: an issuer or a service provider whose runs go beside those of others.
//
// Plain values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/plain.h"
#include "engine/quota.h"

namespace cw::engine {

struct OwnerGrant {
  std::vector<std::string> keys{};      // patterns of the operator's key sets that the owner's flows may use, too
  std::vector<std::string> backends{};  // of those that the policy allows: beginnings of URLs
  bool unowned_cards = false;           // cards that were given to nobody
  std::vector<Quota> quotas{};          // of this owner's runs

  /// Whether a key set of the operator's is lent.
  bool lends(const std::string& key_set) const;
  /// Whether a backend that the policy allows is for this owner, too.
  bool may_call(const std::string& url) const;
};

/// By owner; "*" for all that are not named. Raises policy, with the place: what is wrong there.
using OwnerGrants = std::map<std::string, OwnerGrant>;
OwnerGrants read_owners(const std::string& place, const Plain& plain);

/// "owners.acme = keys isd, cards of nobody, 20 runs of * per hour".
std::vector<std::string> owner_lines(const OwnerGrants& owners);

}  // namespace cw::engine
