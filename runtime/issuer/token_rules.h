// What a tenant may have a token for: its own SSD, its own AIDs, and no privilege over others.
//
// Plain functions; the caller holds the state.
#pragma once

#include <string>

#include "issuer/config.h"
#include "issuer/state.h"
#include "issuer/token_data.h"

namespace cw::issuer {

/// Raises policy: why not.
void check_token(const Tenant& tenant, const State& state, const std::string& se_id, const TokenData& wanted);

/// Whether the AID begins as one of the tenant's.
bool is_own_aid(const Tenant& tenant, ByteView aid);
/// Whether it is an SSD of this tenant on this chip.
bool is_own_domain(const Tenant& tenant, const State& state, const std::string& se_id, ByteView aid);

}  // namespace cw::issuer
