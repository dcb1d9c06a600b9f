// Brings parcels of the outbox to their backends: each until it was taken, with growing pauses, by whatever process has
// time for it. It says of a parcel what a person may read: address, status, error; never a body or a header.
//
// Owner: whoever delivers. One thread; any number of couriers on one store.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engine/local_outside.h"
#include "store/store.h"

namespace cw::journal {

/// How long a parcel is kept from other couriers while it is being delivered. The transport's own deadline is shorter.
inline constexpr std::chrono::seconds kHold{30};

/// How long until try `tries` + 1 of what failed `tries` times: 1 s to 1 h, doubled each time, of which the upper half
/// is by `chance`. What the backend asks for (Retry-After, RFC 9110 10.2.3) counts instead, up to 1 h.
std::chrono::milliseconds pause_after(int64_t tries, uint32_t chance, const std::optional<std::string>& retry_after,
                                      int64_t now);

class Courier {
 public:
  struct Setup {
    std::shared_ptr<store::Store> store{};
    engine::HttpTransport http{};
    engine::Inputs inputs = engine::Inputs::real();
    std::string actor{};  // for the audit
  };
  struct Outcome {
    enum class What { delivered, again, given_up };
    What what = What::delivered;
    store::Parcel parcel{};  // with its error, and when it is due again
  };

  explicit Courier(Setup setup) : setup_(std::move(setup)) {}

  /// Takes a parcel that is due, of this run or of any, and tries to deliver it. Absent: none is due. Raises store.
  std::optional<Outcome> deliver_one(const std::string& run = {});

 private:
  Outcome try_again(store::Parcel parcel, const std::string& error, const std::optional<std::string>& retry_after);
  Outcome give_up(store::Parcel parcel, const std::string& error);

  Setup setup_;
};

}  // namespace cw::journal
