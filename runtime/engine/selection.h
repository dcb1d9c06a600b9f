// Which application is selected on each logical channel, followed from the commands and answers of one card session.
//
// Owner: one attempt. One thread.
#pragma once

#include <map>
#include <set>

#include "host/outside.h"

namespace cw::engine {

/// SELECT by name: it ends the secure channel of its logical channel (GPCS 10.2.3), whether or not it succeeds.
bool selects(const host::Command& command);
/// Neither 9000 nor 61xx, 62xx or 63xx: the commands that would have followed in a plan are not sent.
bool stops_a_plan(uint16_t sw);
/// The logical channel that MANAGE CHANNEL opens or closes: in P2, in the answer, or its own (ISO 7816-4 11.1.2).
uint8_t managed_channel(const host::Command& command, const host::Answer& answer);

class Selection {
 public:
  Selection() = default;
  Selection(std::map<uint8_t, Bytes> selected, std::set<uint8_t> unknown)
      : selected_(std::move(selected)), unknown_(std::move(unknown)) {}

  /// By logical channel.
  const std::map<uint8_t, Bytes>& selected() const { return selected_; }
  const std::set<uint8_t>& unknown() const { return unknown_; }

  /// A command and its answer: SELECT, or MANAGE CHANNEL, after which nobody knows what is selected there.
  void answered(const host::Command& command, const host::Answer& answer);
  /// A SELECT there may have gone out, and nobody knows what it found.
  void forget(uint8_t logical_channel) { unknown_.insert(logical_channel); }
  bool is_known(uint8_t logical_channel) const { return !unknown_.contains(logical_channel); }
  /// AID of the application, as the card gave it; empty: what a reset selects.
  Bytes on(uint8_t logical_channel) const;

 private:
  std::map<uint8_t, Bytes> selected_;
  std::set<uint8_t> unknown_;
};

}  // namespace cw::engine
