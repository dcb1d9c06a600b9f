#include "base/hex.h"
#include "base/log.h"
#include "issuer/card_receipt.h"
#include "issuer/desk.h"
#include "issuer/token_rules.h"

namespace cw::issuer {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, why); }

bool is_delegated(const Domain& domain) {
  return !domain.privileges.empty() && (domain.privileges.front() & 0x20) != 0;
}

/// The SSD of the tenant that acted: it has only one with Delegated Management here, or the first whose receipt fits.
CardReceipt verified(const crypto::SigningKey& key, const State& state, const Tenant& tenant, const std::string& se_id,
                     const ReportedReceipt& reported) {
  const TokenData wanted = parse_token_data(reported.data);
  std::optional<Error> why;
  for (const Domain& one : state.domains) {
    if (one.tenant != tenant.id || one.se_id != se_id || !is_delegated(one)) continue;
    try {
      return verify_card_receipt(key, wanted, reported.data, one.aid, reported.answer);
    } catch (const Error& error) {
      why = error;
    }
  }
  if (why) throw *why;
  refuse("tenant " + tenant.id + " has no SSD with Delegated Management on this chip");
}

}  // namespace

/// All are kept, or none. A counter that was here before is refused, but for the very receipt that had it.
Answer Desk::receipts(const Tenant& tenant, const ReceiptsRequest& request) {
  return guarded(tenant.id + ": receipts", [&] {
    const CardProfile& profile = card(request.se_id);
    if (profile.card_receipt_key.empty()) refuse("cards of " + profile.name + " make no receipts");
    const auto key = setup_.keys->find_signing_key(profile.card_receipt_key, crypto::SigningUse::receipt);
    std::vector<KeptReceipt> good;
    for (size_t at = 0; at < request.receipts.size(); ++at) {
      const ReportedReceipt& reported = request.receipts[at];
      try {
        const CardReceipt receipt = verified(*key, state_, tenant, request.se_id, reported);
        const auto same_counter = [&](const KeptReceipt& kept) {
          return kept.se_id == request.se_id && kept.counter == receipt.counter;
        };
        const auto known = std::find_if(state_.receipts.begin(), state_.receipts.end(), same_counter);
        if (known != state_.receipts.end() && known->answer == reported.answer && known->data == reported.data)
          continue;
        if (known != state_.receipts.end() || std::any_of(good.begin(), good.end(), same_counter)) {
          refuse("its counter " + std::to_string(receipt.counter) + " is another receipt's");
        }
        good.push_back(
            {request.se_id, tenant.id, receipt.counter, reported.data, reported.answer, setup_.clock() / 1000});
      } catch (const Error& error) {
        throw error.within("receipts entry " + std::to_string(at + 1));
      }
    }
    for (KeptReceipt& one : good) {
      log::info(tenant.id + ": receipt " + std::to_string(one.counter) + " of " + one.se_id);
      state_.receipts.push_back(std::move(one));
    }
    if (!good.empty()) keep();
    return Answer{};
  });
}

}  // namespace cw::issuer
