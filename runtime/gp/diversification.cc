#include "gp/diversification.h"

#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "crypto/digest.h"

namespace cw::gp {

namespace {

constexpr size_t kKddSize = 10;

/// Which of the three keys; the value is the k of every method.
enum class Purpose : uint8_t { enc = 1, mac = 2, dek = 3 };

Bytes visa2_data(ByteView kdd, uint8_t k) {
  const uint8_t left[] = {0xF0, k}, right[] = {0x0F, k};
  return concat({kdd.subspan(0, 2), kdd.subspan(4, 4), left, kdd.subspan(0, 2), kdd.subspan(4, 4), right});
}

Bytes emv_data(ByteView kdd, uint8_t k) {
  const uint8_t left[] = {0xF0, k}, right[] = {0x0F, k};
  return concat({kdd.subspan(4, 6), left, kdd.subspan(4, 6), right});
}

Bytes gemvisa_data(ByteView kdd, uint8_t k) {
  constexpr uint8_t kPrefix[] = {0xFF, 0x00, 0xF0};
  const uint8_t prefix[] = {kPrefix[k - 1], kPrefix[k - 1]}, tail[] = {k, 0, 0, 0, 0, 0};
  return concat({prefix, kdd.subspan(2, 8), tail});
}

/// A block for each 16 bytes of the key; the counter runs from 1.
Bytes kdf3_data(ByteView kdd, uint8_t k, size_t key_size) {
  Bytes out;
  for (uint8_t counter = 1; out.size() < key_size; ++counter) {
    append(out, {counter, 0, 0, 0, k, 0});
    append(out, kdd);
  }
  return out;
}

struct Method {
  std::string_view name;
  crypto::KeyType type;
  Bytes (*data)(ByteView kdd, uint8_t k);  // nullptr: kdf3
};

constexpr std::array<Method, 4> kMethods = {{{"visa2", crypto::KeyType::des, visa2_data},
                                             {"emv", crypto::KeyType::des, emv_data},
                                             {"kdf3", crypto::KeyType::aes, nullptr},
                                             {"gemvisa", crypto::KeyType::des, gemvisa_data}}};

const Method& method_named(std::string_view name) {
  for (const Method& method : kMethods) {
    if (method.name == name) return method;
  }
  throw Error(ErrorKind::usage, "no diversification method '" + std::string(name) +
                                    "'; known are visa2, emv, kdf3, gemvisa" +
                                    did_you_mean(name, diversification_methods()));
}

std::shared_ptr<const crypto::Key> derive(const crypto::Key& master, const Method& method, ByteView kdd,
                                          Purpose purpose) {
  if (master.type() != method.type) {
    throw Error(ErrorKind::usage, "diversification by " + std::string(method.name) + " takes " +
                                      (method.type == crypto::KeyType::aes ? "AES" : "DES") +
                                      " master keys, these are others");
  }
  const auto k = static_cast<uint8_t>(purpose);
  const std::shared_ptr<const crypto::Key> derived =
      method.data != nullptr ? master.derive(crypto::Derivation::ecb, method.data(kdd, k))
                             : master.derive(crypto::Derivation::cmac, kdf3_data(kdd, k, master.size()));
  if (crypto::same_key(*derived, master)) {
    throw Error(ErrorKind::internal, "diversification by " + std::string(method.name) +
                                         " gave the master key itself; refused, it would go onto a card");
  }
  return derived;
}

}  // namespace

crypto::KeySet diversify(const crypto::KeySet& master, std::string_view method_name, ByteView kdd) {
  const Method& method = method_named(method_name);
  if (kdd.size() != kKddSize) {
    throw Error(ErrorKind::usage, "diversification data of " + std::to_string(kdd.size()) +
                                      " bytes; a card gives 10 in its answer to INITIALIZE UPDATE");
  }
  crypto::KeySet out{.name = master.name, .version = master.version};
  if (master.enc) out.enc = derive(*master.enc, method, kdd, Purpose::enc);
  if (master.mac) out.mac = derive(*master.mac, method, kdd, Purpose::mac);
  if (master.dek) out.dek = derive(*master.dek, method, kdd, Purpose::dek);
  return out;
}

crypto::KeySet card_keys(const crypto::KeySet& set, ByteView kdd) {
  return set.diversification.empty() ? set : diversify(set, set.diversification, kdd);
}

std::vector<std::string> diversification_methods() {
  std::vector<std::string> names;
  for (const Method& method : kMethods) names.emplace_back(method.name);
  return names;
}

}  // namespace cw::gp
