// What the gate knows of one command: the fields of its GlobalPlatform coding, read from the plain command before any
// channel wraps it. Nothing here raises: what cannot be read is hidden, and rules see that.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "host/command.h"

namespace cw::engine {

/// A field of a command: this kind of command may not have it, or it may be there and not be seen (cut, behind a
/// secret, wrapped by somebody else).
template <class T>
class Field {
 public:
  static Field absent() { return {}; }
  static Field hidden() { return Field(State::hidden, {}); }
  static Field seen(T value) { return Field(State::seen, std::move(value)); }

  bool is_absent() const { return state_ == State::absent; }
  bool is_hidden() const { return state_ == State::hidden; }
  const T& value() const { return value_; }

 private:
  enum class State : uint8_t { absent, hidden, seen };
  Field() = default;
  Field(State state, T value) : state_(state), value_(std::move(value)) {}
  State state_ = State::absent;
  T value_{};
};

/// The channel that a command travels in, and what the run knows beside the command.
struct Circumstances {
  bool in_channel = false;
  uint8_t scp = 0;
  uint8_t level = 0;              // security level byte
  Bytes domain{};                 // AID of the security domain the channel is open to; empty: the ISD
  std::vector<Bytes> isd_aids{};  // AIDs that the card's ISD may have
  std::string flow{};
  int64_t begun = 0;  // when the run began, in milliseconds since 1970; 0: not known

  bool is_isd(ByteView aid) const;
};

struct Facts {
  std::string name{};         // "INSTALL [for load]", "DELETE"
  std::string instruction{};  // "INSTALL", "DELETE"
  uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  bool opaque = false;  // CLA says it came wrapped
  bool has_secret = false;
  bool has_key = false;
  Field<Bytes> aid = Field<Bytes>::absent();               // what the command acts on; empty: the ISD
  Field<Bytes> domain = Field<Bytes>::absent();            // the security domain an INSTALL names
  Field<uint32_t> privileges = Field<uint32_t>::absent();  // three bytes, missing ones 00
  /// The token of delegated management: the name of the key that custody makes it with; empty: given as bytes.
  Field<std::string> token = Field<std::string>::absent();
  Field<uint8_t> key_version = Field<uint8_t>::absent();  // PUT KEY: the new one; DELETE [key]
  Circumstances around{};
};

/// The fields as stdlib/cw/policy.lua documents them for its predicates.
Facts facts_of(const host::Command& command, const Circumstances& around);

}  // namespace cw::engine
