// A ticket: what a device is given so that a run begins on its secure element when it calls. Sealed under the store's
// key: nobody else can read, make or change one. It names the run's id beforehand, and a store has a run once, so a
// ticket is good for one run, however often it is presented.
//
// Plain values and functions, safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/seal.h"

namespace cw::service {

struct Ticket {
  std::string run{};                    // as store::new_run_id() gives them
  std::string flow{};                   // its name in the bundle
  std::vector<std::string> settings{};  // as --set has them: a secret is the name of a file of the service's host
  std::map<std::string, std::string> types{};  // of what is set: a run whose flow takes others does not begin
  std::string flavor{};                        // of the card; empty: generic
  std::string card{};                          // identity that it is to have; empty: any card
  std::string owner{};                         // whose run it is; empty: the operator's own
  int64_t expires = 0;                         // milliseconds since 1970: the run does not begin later

  bool operator==(const Ticket&) const = default;
};

inline constexpr size_t kMaxTicket = 8192;  // characters: it travels in the head of a request

/// Hex digits, so it fits into a URL. Raises usage: longer than kMaxTicket.
std::string seal_ticket(const crypto::SealingKey& key, const Ticket& ticket);

/// Raises usage: forged, changed, or of another store.
Ticket open_ticket(const crypto::SealingKey& key, std::string_view text);

}  // namespace cw::service
