#include "crypto/tr31.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kHeadSize = 16;
constexpr size_t kLongestBlock = 9999;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::usage, "reading a TR-31 key block: " + why); }

/// The two versions differ in the cipher, and in what follows from its block.
class Binding {
 public:
  /// `key`: the protection key itself, or one that was derived of it.
  Binding(KeyType type, const Secret& key) : type_(type) {
    if (type == KeyType::aes) {
      aes_ = std::make_unique<Aes>(key);
    } else {
      des_ = std::make_unique<Des>(key);
    }
  }

  size_t block() const { return type_ == KeyType::aes ? 16 : 8; }

  /// CMAC (SP 800-38B); a whole block long.
  Bytes cmac(ByteView head, ByteView message) const {
    if (type_ == KeyType::aes) {
      const Block16 mac = aes_->cmac({head, message});
      return {mac.begin(), mac.end()};
    }
    Bytes text = concat({head, message});
    const bool whole = !text.empty() && text.size() % 8 == 0;
    Bytes subkey = doubled(des_->ecb_encrypt(Bytes(8)));
    if (!whole) {
      subkey = doubled(subkey);
      text.push_back(0x80);
      text.resize((text.size() + 7) / 8 * 8);
    }
    for (size_t i = 0; i < 8; ++i) text[text.size() - 8 + i] ^= subkey[i];
    const Bytes chained = des_->cbc_encrypt({}, text);
    wipe(text);
    return {chained.end() - 8, chained.end()};
  }

  Bytes encrypt(ByteView iv, const Secret& plain) const {
    return type_ == KeyType::aes ? aes_->cbc_encrypt(fixed<Block16>(iv), plain)
                                 : des_->cbc_encrypt(fixed<Block8>(iv), plain);
  }
  Secret decrypt(ByteView iv, ByteView data) const {
    return Secret::take(type_ == KeyType::aes ? aes_->cbc_decrypt(fixed<Block16>(iv), data)
                                              : des_->cbc_decrypt(fixed<Block8>(iv), data));
  }

 private:
  template <typename Fixed>
  static Fixed fixed(ByteView bytes) {
    Fixed out;
    std::copy_n(bytes.begin(), out.size(), out.begin());
    return out;
  }
  static Bytes doubled(const Bytes& in) {
    Bytes out(8);
    for (size_t i = 0; i < 7; ++i) out[i] = static_cast<uint8_t>(in[i] << 1 | in[i + 1] >> 7);
    out[7] = static_cast<uint8_t>(in[7] << 1 ^ (in[0] & 0x80 ? 0x1B : 0));
    return out;
  }

  KeyType type_;
  std::unique_ptr<Aes> aes_{};
  std::unique_ptr<Des> des_{};
};

/// X9.143 7.2.3: counter, what for (0000 encrypts, 0001 MACs), separator, algorithm, length in bits.
Secret derived(const Key& protection, uint8_t what_for) {
  const Secret bytes = protection.material();
  const Binding with(protection.type(), bytes);
  const size_t size = protection.size();
  const uint8_t algorithm = static_cast<uint8_t>(protection.type() == KeyType::aes ? size / 8 : size / 8 - 2);
  std::vector<Secret> parts;
  std::vector<SecretPiece> pieces;
  for (uint8_t counter = 1; (counter - 1u) * with.block() < size; ++counter) {
    const uint8_t input[] = {counter,
                             0x00,
                             what_for,
                             0x00,
                             0x00,
                             algorithm,
                             static_cast<uint8_t>(size * 8 >> 8),
                             static_cast<uint8_t>(size * 8)};
    parts.push_back(Secret::take(with.cmac({}, input)));
  }
  for (const Secret& part : parts) pieces.push_back({{}, &part});
  return prefix(join(pieces), size);
}

std::string head_text(const Key& protection, const Tr31Head& head, KeyType type, size_t length) {
  const auto printable = [](char c) { return c > ' ' && c < 0x7F; };
  if (head.usage.size() != 2 || head.version.size() != 2 || !printable(head.mode) || !printable(head.exportability) ||
      !std::all_of(head.usage.begin(), head.usage.end(), printable) ||
      !std::all_of(head.version.begin(), head.version.end(), printable)) {
    throw Error(ErrorKind::usage, "making a TR-31 key block: usage and version have two characters, the others one");
  }
  std::string digits = std::to_string(length);
  digits.insert(0, 4 - std::min<size_t>(4, digits.size()), '0');
  return std::string(protection.type() == KeyType::aes ? "D" : "B") + digits + head.usage +
         (type == KeyType::aes ? "A" : "T") + head.mode + head.version + head.exportability + "00" + "00";
}

size_t decimal(std::string_view text) {
  size_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') refuse("its length or its number of optional blocks is no number");
    out = 10 * out + static_cast<size_t>(c - '0');
  }
  return out;
}

/// Two hexadecimal digits, and nothing else.
size_t digits_at(std::string_view block, size_t at) {
  const Bytes out = from_hex(block.substr(at, 2));
  if (out.size() != 1) refuse("the length of an optional block is no number");
  return out.front();
}

/// Where what is encrypted begins.
size_t end_of_optional(std::string_view block) {
  size_t at = kHeadSize;
  for (size_t left = decimal(block.substr(12, 2)); left > 0; --left) {
    size_t size = 0;
    if (at + 4 <= block.size()) {
      try {
        size = digits_at(block, at + 2);
        // 00: the length takes more digits, and says of how many ahead of them.
        if (size == 0 && at + 6 <= block.size()) {
          const size_t digits = digits_at(block, at + 4);
          if (digits == 0 || digits > 4 || digits % 2 != 0 || at + 6 + digits > block.size())
            refuse("an optional block has no length");
          size = read_be(from_hex(block.substr(at + 6, digits)));
        }
      } catch (const Error&) {
        refuse("the length of an optional block is no number");
      }
    }
    if (size < 4 || size > block.size() - at) refuse("an optional block is longer than what is there");
    at += size;
  }
  return at;
}

}  // namespace

std::string tr31_wrap(const Key& protection, const Tr31Head& head, const Key& key) {
  const Secret bytes = key.material();
  const Binding encrypts(protection.type(), derived(protection, 0)), macs(protection.type(), derived(protection, 1));
  const size_t block = encrypts.block();
  const uint8_t bits[] = {static_cast<uint8_t>(bytes.size() * 8 >> 8), static_cast<uint8_t>(bytes.size() * 8)};
  const size_t size = (2 + bytes.size() + block - 1) / block * block;
  const Secret plain = join({{bits, nullptr}, {{}, &bytes}, {random_bytes(size - 2 - bytes.size()), nullptr}});
  const std::string text = head_text(protection, head, key.type(), kHeadSize + 2 * (size + block));
  const Bytes mac = macs.cmac(view(text), SecretBytes::view(plain));
  return text + to_hex(encrypts.encrypt(mac, plain)) + to_hex(mac);
}

Tr31Key tr31_unwrap(const Key& protection, std::string_view block) {
  const bool aes = protection.type() == KeyType::aes;
  if (block.size() < kHeadSize || block.size() > kLongestBlock)
    refuse("it has " + std::to_string(block.size()) + " characters");
  if (block[0] != (aes ? 'D' : 'B')) {
    refuse(std::string("it is of version ") + (block[0] >= 'A' && block[0] <= 'Z' ? block[0] : '?') + "; under " +
           (aes ? "an AES key version D" : "a DES key version B") + " is taken");
  }
  if (decimal(block.substr(1, 4)) != block.size()) refuse("it says another length than it has: it was cut, or joined");
  const size_t at = end_of_optional(block);
  const size_t cipher = aes ? 16 : 8;
  Bytes body;
  try {
    body = from_hex(block.substr(at));
  } catch (const Error&) {
    refuse("behind its head stand other characters than hexadecimal digits");
  }
  if (2 * body.size() != block.size() - at || body.size() < 2 * cipher || body.size() % cipher != 0) {
    refuse("what is encrypted has no whole blocks");
  }
  const Binding encrypts(protection.type(), derived(protection, 0)), macs(protection.type(), derived(protection, 1));
  const ByteView mac = ByteView(body).last(cipher);
  const Secret plain = encrypts.decrypt(mac, ByteView(body).first(body.size() - cipher));
  if (!constant_time_equal(macs.cmac(view(block.substr(0, at)), SecretBytes::view(plain)), mac)) {
    refuse("its MAC is wrong: it was made under another protection key, or changed on its way");
  }
  const char algorithm = block[7];
  if (algorithm != 'A' && algorithm != 'T') refuse(std::string("its key is neither AES (A) nor triple DES (T)"));
  const size_t bits = read_be(SecretBytes::view(plain).first(2));
  if (bits % 8 != 0 || bits / 8 + 2 > plain.size()) refuse("the length of its key cannot be");
  Tr31Key out;
  out.head = {std::string(block.substr(5, 2)), block[8], std::string(block.substr(9, 2)), block[11]};
  try {
    out.key = make_key(algorithm == 'A' ? KeyType::aes : KeyType::des,
                       Secret::copy(SecretBytes::view(plain).subspan(2, bits / 8)));
  } catch (const Error& error) {
    refuse(error.message());
  }
  return out;
}

}  // namespace cw::crypto
