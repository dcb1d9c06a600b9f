#include "crypto/key_components.h"

#include <optional>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

int digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::optional<Secret> from_digits(const Secret& text, size_t size) {
  ByteView digits = SecretBytes::view(text);
  while (!digits.empty() && is_space(digits.front())) digits = digits.subspan(1);
  while (!digits.empty() && is_space(digits.back())) digits = digits.first(digits.size() - 1);
  if (digits.size() != 2 * size) return {};
  Secret out = SecretBytes::zeros(size);
  const auto to = SecretBytes::writable(out);
  for (size_t i = 0; i < size; ++i) {
    const int high = digit(digits[2 * i]), low = digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    to[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return out;
}

[[noreturn]] void refuse(size_t number, const std::string& why) {
  throw Error(ErrorKind::usage, "component " + std::to_string(number) + " " + why);
}

}  // namespace

std::shared_ptr<const Key> combine(KeyType type, size_t size, const std::vector<KeyComponent>& components,
                                   ByteView kcv) {
  if (components.size() < 2) throw Error(ErrorKind::usage, "a key is made of two components or more");
  std::vector<Secret> parts;
  Secret whole = SecretBytes::zeros(size);
  for (const KeyComponent& component : components) {
    const size_t number = parts.size() + 1;
    std::optional<Secret> bytes = from_digits(component.digits, size);
    if (!bytes) refuse(number, "is no key of " + std::to_string(size) + " bytes in hexadecimal digits");
    if (!constant_time_equal(make_key(type, *bytes)->kcv(), component.kcv)) {
      refuse(number, "has another check value than " + to_hex(component.kcv) + ": it was not typed as it was given");
    }
    for (const Secret& other : parts) {
      if (same(other, *bytes)) refuse(number, "is the same as another one; each holder has one of their own");
    }
    const auto to = SecretBytes::writable(whole);
    for (size_t i = 0; i < size; ++i) to[i] ^= SecretBytes::view(*bytes)[i];
    parts.push_back(std::move(*bytes));
  }
  auto out = make_key(type, whole);
  if (!constant_time_equal(out->kcv(), kcv)) {
    throw Error(ErrorKind::usage, "the components give a key whose check value is not " + to_hex(kcv) +
                                      ": one of them is that of another key");
  }
  return out;
}

}  // namespace cw::crypto
