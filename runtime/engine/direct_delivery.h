// Results of a run without a journal: nothing would try again later, so each is sent at once, and it is an error if it
// does not arrive. Until one has arrived it goes out under the same idempotency key; after that, not again.
//
// Owner: one run, over all its attempts. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/local_outside.h"
#include "host/outside.h"

namespace cw::engine {

/// How an idempotency key travels.
inline constexpr const char* kIdempotencyHeader = "Idempotency-Key";

/// The call that brings a parcel, with its key.
host::HttpCall with_key(host::HttpCall call, const std::string& key);

class DirectDelivery {
 public:
  /// Raises http: there is no network, no answer, or one that is not 2xx.
  void deliver(const host::Deliver& parcel, const HttpTransport& http);

  /// The same in pieces, for who plays the backend. An empty call: it has arrived before.
  std::optional<host::HttpCall> call(const host::Deliver& parcel);
  /// Raises http.
  void answered(const host::Deliver& parcel, const host::HttpReply& reply);

 private:
  struct State {
    std::string key{};
    bool arrived = false;
  };
  std::map<std::string, State> parcels_;  // by name
};

}  // namespace cw::engine
