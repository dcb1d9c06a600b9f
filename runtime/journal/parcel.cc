#include "journal/parcel.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "engine/direct_delivery.h"

namespace cw::journal {

namespace {

using nlohmann::json;

constexpr size_t kKeySize = 16;

std::string context(const std::string& key) { return "parcel " + key; }

/// Headers and bodies need not be UTF-8.
json raw(const std::string& text) { return json::binary(to_bytes(text)); }

std::string text(const json& value) { return to_string(ByteView(value.get_binary())); }

}  // namespace

std::string idempotency_key(const crypto::SealingKey& key, const std::string& run, const std::string& name) {
  Bytes mac = key.mac("idempotency key", view(run + " " + name));
  mac.resize(kKeySize);
  return to_hex(mac);
}

store::Parcel sealed_parcel(const crypto::SealingKey& key, const std::string& run, const host::Deliver& parcel,
                            int64_t now) {
  json call = {{"method", raw(parcel.call.method)}, {"url", raw(parcel.call.url)}, {"body", raw(parcel.call.body)}};
  call["headers"] = json::array();
  for (const auto& [name, value] : parcel.call.headers) call["headers"].push_back({raw(name), raw(value)});
  store::Parcel out;
  out.key = idempotency_key(key, run, parcel.name);
  out.run = run;
  out.name = parcel.name;
  out.url = parcel.call.url.substr(0, parcel.call.url.find_first_of("?#"));
  out.call = key.seal(json::to_cbor(call), context(out.key));
  out.created = now;
  out.due = now;
  return out;
}

host::HttpCall open_parcel(const crypto::SealingKey& key, const store::Parcel& parcel) {
  const Bytes opened = key.open(parcel.call, context(parcel.key));
  try {
    const json call = json::from_cbor(opened);
    host::HttpCall out{text(call.at("method")), text(call.at("url")), {}, text(call.at("body"))};
    for (const json& header : call.at("headers")) out.headers.emplace_back(text(header.at(0)), text(header.at(1)));
    return engine::with_key(std::move(out), parcel.key);
  } catch (const json::exception&) {
    throw Error(ErrorKind::store,
                "opening parcel " + parcel.key + ": its call is written as another version of cardwright writes it");
  }
}

}  // namespace cw::journal
