#include "base/hex.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/signing_key.h"
#include "issuer/desk.h"
#include "issuer/token_rules.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, why); }

}  // namespace

/// One for each entry, in order; all or none.
Answer Desk::token(const Tenant& tenant, const TokenRequest& request) {
  std::shared_ptr<const crypto::SigningKey> key;
  Answer out = guarded(tenant.id + ": " + shown(request.operation), [&] {
    const auto other = setup_.configuration.operations.find(request.operation);
    const std::string word = other == setup_.configuration.operations.end() ? request.operation : other->second;
    if (word != "CREATE_TOKEN") refuse("optType " + shown(request.operation) + " is not known here; CREATE_TOKEN is");
    const CardProfile& profile = card(request.se_id);
    if (profile.token_key.empty()) refuse("cards of " + profile.name + " verify no tokens");
    if (request.data.empty()) refuse("rawData is empty");
    for (size_t at = 0; at < request.data.size(); ++at) {
      try {
        check_token(tenant, state_, request.se_id, parse_token_data(request.data[at]));
      } catch (const Error& error) {
        throw error.within("rawData entry " + std::to_string(at + 1));
      }
    }
    key = setup_.keys->find_signing_key(profile.token_key, crypto::SigningUse::token);
    return Answer{};
  });
  out.se_id = request.se_id;
  if (out.code != Code::normal) return out;

  // Signing takes the longest, and needs nothing that is kept.
  out.tokens.emplace();
  for (const Bytes& data : request.data) {
    out.tokens->push_back(to_hex(key->sign(data)));
    log::info(tenant.id + ": a token on " + request.se_id + " for data of SHA-256 " +
              to_hex(crypto::digest(crypto::Hash::sha256, data)));
  }
  if (faults_.take(FaultKind::wrong_token, "token")) {
    std::string& first = out.tokens->front();
    first.front() = first.front() == '0' ? '1' : '0';
  }
  return out;
}

Answer Desk::keys(const Tenant& tenant, const KeysRequest& request) {
  return guarded(tenant.id + ": keys", [&] {
    const CardProfile& profile = card(request.se_id);
    const Domain* domain = state_.domain(request.se_id, request.sd_aid);
    if (domain == nullptr || domain->tenant != tenant.id || !domain->keyed) {
      refuse("no SSD " + to_hex(request.sd_aid) + " of this chip has keys of tenant " + tenant.id);
    }
    if (tenant.callback.empty()) refuse("tenant " + tenant.id + " has no callback on cards of " + profile.name);
    add_key_push(*domain);
    keep();
    if (setup_.pushes) setup_.pushes();
    return Answer{};
  });
}

void Desk::add_key_push(const Domain& domain) {
  if (setup_.configuration.tenant(domain.tenant)->callback.empty()) return;
  std::erase_if(state_.pushes, [&](const Push& one) {
    return one.kind == PushKind::keys && one.se_id == domain.se_id && one.aid == domain.aid;
  });
  Push push;
  push.id = to_hex(crypto::random_bytes(8));
  push.tenant = domain.tenant;
  push.se_id = domain.se_id;
  push.aid = domain.aid;
  state_.pushes.push_back(std::move(push));
}

void Desk::push_status(const std::string& se_id, ByteView aid, const std::string& status) {
  with_state([&](State& state) {
    Domain* domain = state.domain(se_id, aid);
    if (domain == nullptr) {
      throw Error(ErrorKind::usage, "no SSD " + to_hex(aid) + " of chip " + shown(se_id) + " was made here");
    }
    const Tenant* tenant = setup_.configuration.tenant(domain->tenant);
    if (tenant == nullptr || tenant->callback.empty()) {
      throw Error(ErrorKind::usage, "tenant " + domain->tenant + " has no callback to be told at");
    }
    Push push;
    push.id = to_hex(crypto::random_bytes(8));
    push.kind = PushKind::status;
    push.tenant = domain->tenant;
    push.se_id = se_id;
    push.aid = to_bytes(aid);
    push.status = status;
    // What the card has no more, it has no more here.
    std::erase_if(state.pushes, [&](const Push& one) {
      return one.kind == PushKind::keys && one.se_id == se_id && equal(one.aid, aid);
    });
    state.pushes.push_back(std::move(push));
    std::erase_if(state.domains, [&](const Domain& one) { return one.se_id == se_id && equal(one.aid, aid); });
  });
  if (setup_.pushes) setup_.pushes();
}

size_t Desk::allow_again(const std::string& se_id) {
  size_t count = 0;
  with_state([&](State& state) {
    count = std::erase_if(state.mismatches, [&](const Mismatch& one) { return one.se_id == se_id; });
  });
  return count;
}

}  // namespace cw::issuer
