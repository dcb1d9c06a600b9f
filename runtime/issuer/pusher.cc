#include "issuer/pusher.h"

#include <algorithm>

#include "base/hex.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/key_wrap.h"
#include "crypto/signing_key.h"
#include "issuer/card_talk.h"
#include "json_private.h"
#include "net/http_client.h"

namespace cw::issuer {

namespace {

constexpr int64_t kLongestPause = 300'000;  // milliseconds
constexpr int64_t kPauseWithoutDisk = 2000;
constexpr std::chrono::milliseconds kDeadline{10'000};
constexpr size_t kMostAnswer = 64u << 10;

int64_t pause_after(unsigned tries, int64_t first) {
  int64_t out = first;
  for (unsigned n = 1; n < tries && out < kLongestPause; ++n) out *= 2;
  return std::min(out, kLongestPause);
}

Bytes wrapped(const crypto::KeyStore& keys, const Tenant& tenant, const crypto::Key& key) {
  const std::shared_ptr<const crypto::Key> kek = keys.find_key(tenant.transport_key);
  return crypto::wrap_key(*kek, crypto::wrap_form(tenant.key_wrap), key);
}

}  // namespace

Pusher::Pusher(const Configuration& configuration, const crypto::KeyStore& keys, Desk& desk, Faults& faults,
               Clock clock)
    : configuration_(configuration), keys_(keys), desk_(desk), faults_(faults), clock_(std::move(clock)) {}

void Pusher::start() {
  thread_ = std::thread([this] { run(); });
}

void Pusher::stop() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Pusher::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Pusher::run() {
  while (!over_) {
    const int64_t pause = push_due();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(pause), [this] { return woken_ || over_; });
    woken_ = false;
  }
}

int64_t Pusher::push_due() {
  struct Due {
    Push push;
    std::optional<Domain> domain;
  };
  std::vector<Due> due;
  desk_.look([&](const State& state) {
    for (const Push& one : state.pushes) {
      if (one.next > clock_()) continue;
      due.push_back({one, {}});
      const auto domain = std::find_if(state.domains.begin(), state.domains.end(),
                                       [&](const Domain& it) { return it.se_id == one.se_id && it.aid == one.aid; });
      if (domain != state.domains.end()) due.back().domain = *domain;
    }
  });
  int64_t least = 1;  // milliseconds until the next look
  for (const Due& one : due) {
    if (over_) break;
    std::string why;
    const Tenant* tenant = configuration_.tenant(one.push.tenant);
    try {
      if (tenant == nullptr) throw Error(ErrorKind::usage, "there is no tenant " + one.push.tenant + " any more");
      push(one.push, one.domain ? &*one.domain : nullptr, *tenant);
    } catch (const Error& error) {
      why = error.message();
    }
    try {
      desk_.with_state([&](State& state) {
        const auto kept = std::find_if(state.pushes.begin(), state.pushes.end(),
                                       [&](const Push& other) { return other.id == one.push.id; });
        if (kept == state.pushes.end()) return;  // it is no longer wanted
        if (why.empty()) {
          if (Domain* domain = state.domain(one.push.se_id, one.push.aid); domain && one.push.kind == PushKind::keys) {
            domain->confirmed = true;
          }
          state.pushes.erase(kept);
          return;
        }
        ++kept->tries;
        kept->last_error = why;
        kept->next = clock_() + pause_after(kept->tries, configuration_.first_retry.count());
      });
    } catch (const Error& error) {
      log::warn("keeping what became of a push: " + error.message());
      least = kPauseWithoutDisk;
    }
    const std::string what = std::string(one.push.kind == PushKind::keys ? "keys" : one.push.status) + " of " +
                             to_hex(one.push.aid) + " on " + one.push.se_id + " to " + one.push.tenant;
    if (why.empty()) log::info("pushed " + what);
    if (!why.empty()) log::warn("pushing " + what + ": " + why + "; it is tried again");
  }
  int64_t next = kLongestPause;
  desk_.look([&](const State& state) {
    for (const Push& one : state.pushes) next = std::min(next, std::max(one.next - clock_(), least));
  });
  return next;
}

std::string Pusher::message_of(const Push& push, const Domain* domain, const Tenant& tenant, std::vector<Bytes>& kcvs) {
  const Stamp stamp{std::to_string(clock_() / 1000), to_hex(crypto::random_bytes(16))};
  const auto sign = [&](const std::string& elements) -> std::optional<Bytes> {
    if (tenant.message_key.empty()) return {};
    return keys_.find_message_key(tenant.message_key)->sign(view(elements));
  };
  if (push.kind == PushKind::status) {
    const StatusPush message{configuration_.id, tenant.id, push.se_id, push.aid, push.status};
    return to_json(message, stamp, sign(elements_of(message, stamp)));
  }
  const CardProfile* card = configuration_.card(push.se_id);
  if (domain == nullptr || card == nullptr) throw Error(ErrorKind::usage, "the SSD is no longer known here");
  const crypto::KeySet set = CardTalk(*card, keys_).domain_keys(push.se_id, push.aid, domain->scp);
  KeyPush message{configuration_.id, tenant.id, push.se_id, push.aid};
  message.algorithm = domain->scp.scp == 2 ? "3DES" : "AES";
  message.usage = "SCP0" + std::to_string(domain->scp.scp);
  message.version = set.version;
  message.kek = tenant.transport_key;
  for (const auto& key : {set.enc, set.mac, set.dek}) {
    message.encrypted.push_back(wrapped(keys_, tenant, *key));
    kcvs.push_back(key->kcv());
  }
  message.check_values = kcvs;
  if (faults_.take(FaultKind::wrong_kcv, "keys")) message.check_values.front().front() ^= 0xFF;
  return to_json(message, stamp, sign(elements_of(message, stamp)));
}

void Pusher::push(const Push& push, const Domain* domain, const Tenant& tenant) {
  std::vector<Bytes> kcvs;
  const bool keys = push.kind == PushKind::keys;
  net::HttpRequest request;
  request.method = "POST";
  request.url = tenant.callback + (keys ? "/sp/v1/keys" : "/sp/v1/ssd-status");
  request.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  request.body = message_of(push, domain, tenant, kcvs);
  net::HttpLimits limits;
  limits.deadline = kDeadline;
  limits.response_bytes = kMostAnswer;
  limits.ca_file = tenant.ca_file;
  limits.revoked = tenant.revoked;
  limits.certificate = tenant.certificate;
  limits.key = tenant.key;
  limits.stop = &over_;
  const net::HttpResponse response = net::send(request, limits);
  if (response.status != 200) {
    throw Error(ErrorKind::http, "the answer has status " + std::to_string(response.status));
  }
  if (faults_.take(FaultKind::lost, keys ? "keys" : "status")) {
    throw Error(ErrorKind::http, "the answer was lost, as was asked for");
  }
  const PushAnswer answer = parse_push_answer(response.body);
  if (!answer.normal) throw Error(ErrorKind::http, "it was not taken: " + answer.message);
  if (keys) check_receipt(push, tenant, answer.receipts, kcvs);
}

/// Over the SSD's AID and the check values, one after the other.
void Pusher::check_receipt(const Push& push, const Tenant& tenant, const std::vector<Bytes>& receipts,
                           const std::vector<Bytes>& kcvs) const {
  if (tenant.receipt_key.empty()) return;
  if (receipts.size() != 1) {
    throw Error(ErrorKind::http, "the answer has " + std::to_string(receipts.size()) + " receipts, one is right");
  }
  Bytes data = push.aid;
  for (const Bytes& kcv : kcvs) append(data, kcv);
  if (!keys_.find_message_key(tenant.receipt_key)->verify(data, receipts.front())) {
    throw Error(ErrorKind::http, "the receipt is wrong: of another key, or over other data");
  }
}

}  // namespace cw::issuer
