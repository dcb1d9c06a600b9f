#include "engine/direct_delivery.h"

#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::engine {

namespace {

constexpr size_t kKeySize = 16;

}  // namespace

host::HttpCall with_key(host::HttpCall call, const std::string& key) {
  call.headers.emplace_back(kIdempotencyHeader, key);
  return call;
}

std::optional<host::HttpCall> DirectDelivery::call(const host::Deliver& parcel) {
  State& state = parcels_[parcel.name];
  if (state.arrived) return {};
  if (state.key.empty()) state.key = to_hex(crypto::random_bytes(kKeySize));
  return with_key(parcel.call, state.key);
}

void DirectDelivery::answered(const host::Deliver& parcel, const host::HttpReply& reply) {
  if (reply.status < 200 || reply.status > 299) {
    throw Error(ErrorKind::http, "delivering '" + parcel.name + "' to " +
                                     parcel.call.url.substr(0, parcel.call.url.find('?')) +
                                     ": the backend answered with status " + std::to_string(reply.status) +
                                     "; without a store nothing tries again later");
  }
  parcels_[parcel.name].arrived = true;
}

void DirectDelivery::deliver(const host::Deliver& parcel, const HttpTransport& http) {
  const std::optional<host::HttpCall> out = call(parcel);
  if (!out) return;
  if (!http) throw Error(ErrorKind::http, "this program was started without a network");
  answered(parcel, http(*out));
}

}  // namespace cw::engine
