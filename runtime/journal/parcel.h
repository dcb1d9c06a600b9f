// A result on its way, as the outbox keeps it: the whole call sealed under the key of its run, and an idempotency key
// that follows from run and name, so that it is the same whoever puts it in and however often.
//
// Plain functions.
#pragma once

#include <string>

#include "crypto/seal.h"
#include "host/outside.h"
#include "store/outbox.h"

namespace cw::journal {

/// 32 hexadecimal digits; says nothing about run and name to those who do not have the run's key.
std::string idempotency_key(const crypto::SealingKey& key, const std::string& run, const std::string& name);

/// `now`: milliseconds since 1970.
store::Parcel sealed_parcel(const crypto::SealingKey& key, const std::string& run, const host::Deliver& parcel,
                            int64_t now);

/// The call as it goes out, with its key. Raises store: changed, or sealed for another parcel.
host::HttpCall open_parcel(const crypto::SealingKey& key, const store::Parcel& parcel);

}  // namespace cw::journal
