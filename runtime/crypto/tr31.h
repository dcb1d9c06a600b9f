// TR-31 key blocks (ANSI X9.143): a key under a key block protection key, with what it is for bound to it. Version B
// under a DES key, version D under an AES key; A and C are not made and not taken, since they bind less.
//
// Plain functions without state; safe from any thread as the keys are.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/key.h"

namespace cw::crypto {

struct Tr31Head {
  std::string usage = "K0";    // what it is for: K0 wraps keys, D0 encrypts data, M3 and M6 MACs, E7 issuer master key
  char mode = 'B';             // how it may be used: B both ways, N no special one, E encrypt, D decrypt...
  std::string version = "00";  // key version number, "00": none
  char exportability = 'S';    // E under a KEK, N no more, S under a KEK that need not be a block's
};

/// Raises usage: a head that cannot be, or a token keeps one of the keys.
std::string tr31_wrap(const Key& protection, const Tr31Head& head, const Key& key);

struct Tr31Key {
  Tr31Head head{};
  std::shared_ptr<const Key> key{};
};

/// Optional blocks are bound and skipped. Raises usage, and keeps nothing: no key block, a version that this one does
/// not take, another protection key, changed on its way, a key that is none of ours.
Tr31Key tr31_unwrap(const Key& protection, std::string_view block);

}  // namespace cw::crypto
