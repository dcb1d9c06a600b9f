// A key from components that several people hold: each alone says nothing of it.
//
// Plain functions without state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/key.h"

namespace cw::crypto {

struct KeyComponent {
  Secret digits{};  // hexadecimal, as it was typed or stands in a file; white space around it does not count
  Bytes kcv{};      // of the component, taken as a key of that type
};

/// The components, XORed. Raises usage, and says which one, without a digit of it: fewer than two, no hexadecimal
/// digits, another length, a check value that is another one, two that are the same; the check value of the whole.
std::shared_ptr<const Key> combine(KeyType type, size_t size, const std::vector<KeyComponent>& components,
                                   ByteView kcv);

}  // namespace cw::crypto
