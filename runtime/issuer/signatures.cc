#include "issuer/signatures.h"

#include <algorithm>

#include "crypto/signing_key.h"

namespace cw::issuer {

namespace {

constexpr int64_t kWindow = 300;  // seconds that clocks may differ, and a message may travel

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, why); }

int64_t seconds_of(const std::string& text) {
  const bool digits = !text.empty() && text.size() <= 12 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) refuse("timestamp must be the seconds since 1970");
  return std::stoll(text);
}

}  // namespace

void Signatures::check(const Tenant& tenant, const Signed& message) {
  if (tenant.message_key.empty()) return;
  if (!message.signature) refuse("sign is missing; messages of tenant " + tenant.id + " are signed");
  if (!keys_.find_message_key(tenant.message_key)->verify(view(message.elements), *message.signature)) {
    refuse("sign is wrong: made with another key, or over other elements");
  }
  const int64_t now = clock_() / 1000, then = seconds_of(message.timestamp);
  if (then < now - kWindow || then > now + kWindow) refuse("timestamp is more than five minutes from now");
  if (message.nonce.empty()) refuse("nonce is missing");
  const std::lock_guard lock(mutex_);
  std::erase_if(nonces_, [&](const auto& each) { return each.second < now; });
  if (!nonces_.emplace(tenant.id + "\n" + message.nonce, then + kWindow).second) {
    refuse("nonce was here before; a message counts once");
  }
}

}  // namespace cw::issuer
