#include "issuer/token_rules.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"

namespace cw::issuer {

namespace {

/// What an application may have (GPCS 11.1.2): CVM Management, Trusted Path, Final Application, Global
/// Service, and the two of contactless activation. The others are of security domains, or reach beyond one's own.
constexpr uint32_t kOfApplications = 0x028330;
constexpr uint32_t kDelegated = 0x200000;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, "no token: " + why); }

uint32_t number_of(ByteView privileges) {
  return static_cast<uint32_t>(read_be(privileges)) << (privileges.size() == 1 ? 16 : 0);
}

}  // namespace

bool is_own_aid(const Tenant& tenant, ByteView aid) {
  return std::any_of(tenant.aids.begin(), tenant.aids.end(),
                     [&](const Bytes& own) { return own.size() <= aid.size() && equal(own, aid.first(own.size())); });
}

bool is_own_domain(const Tenant& tenant, const State& state, const std::string& se_id, ByteView aid) {
  return std::any_of(state.domains.begin(), state.domains.end(), [&](const Domain& one) {
    return one.tenant == tenant.id && one.se_id == se_id && equal(one.aid, aid);
  });
}

void check_token(const Tenant& tenant, const State& state, const std::string& se_id, const TokenData& wanted) {
  const bool delegated = std::any_of(state.domains.begin(), state.domains.end(), [&](const Domain& one) {
    return one.tenant == tenant.id && one.se_id == se_id && !one.locked &&
           (number_of(one.privileges) & kDelegated) != 0;
  });
  if (!delegated)
    refuse("tenant " + tenant.id + " has no SSD with Delegated Management on this chip that is not locked");
  const auto own = [&](ByteView aid, const char* what) {
    if (!aid.empty() && !is_own_aid(tenant, aid)) {
      refuse(std::string(what) + " " + to_hex(aid) + " is none of tenant " + tenant.id);
    }
  };
  own(wanted.load_file, "load file");
  own(wanted.application, "AID");
  if (!wanted.domain.empty() && !is_own_domain(tenant, state, se_id, wanted.domain)) {
    refuse("security domain " + to_hex(wanted.domain) + " is none of tenant " + tenant.id + " on this chip");
  }
  if (wanted.kind == TokenKind::remove && is_own_domain(tenant, state, se_id, wanted.application)) {
    refuse(to_hex(wanted.application) + " is a security domain; ask for DELETE_SSD");
  }
  const uint32_t privileges = wanted.privileges.empty() ? 0 : number_of(wanted.privileges);
  if ((privileges & ~kOfApplications) != 0) {
    refuse("privileges " + to_hex(wanted.privileges) + " are more than an application of a tenant may have");
  }
}

}  // namespace cw::issuer
