// Key rotations that are not decided yet: both candidates are here before the first byte of PUT KEY goes out, and stay
// until an authentication has shown which of them the card holds.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cw::store {

struct KeyCandidate {
  std::string set{};    // name in custody
  int64_t version = 0;  // key version on the card
};

struct Rotation {
  std::string card{};
  std::string domain{};   // AID in hex; empty: the ISD
  KeyCandidate before{};  // set empty: the domain had no keys
  KeyCandidate after{};
  std::string run{};
  int64_t begun = 0;      // milliseconds since 1970
  std::string decided{};  // "before" or "after" by an authentication; empty: open
};

class Rotations {
 public:
  virtual ~Rotations() = default;

  /// Durable on return. The same candidates again, of any run, change nothing. Raises store; usage: another rotation of
  /// this card and domain is open, says which.
  virtual void begin(const Rotation& rotation) = 0;
  /// The open one of that domain.
  virtual std::optional<Rotation> open(const std::string& card, const std::string& domain) = 0;
  /// A channel was opened with this key set and version (0: not known): if that tells the two apart, the rotation is
  /// decided.
  virtual void opened_with(const std::string& card, const std::string& domain, const KeyCandidate& keys) = 0;
  virtual std::vector<Rotation> list(bool all) = 0;
  /// Whether an open rotation names this key set: then nobody may destroy it.
  virtual bool names(const std::string& set) = 0;
};

}  // namespace cw::store
