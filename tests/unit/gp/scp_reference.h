// The secure channels once more, written straight from the specification for tests: whole messages, one-shot calls,
// EVP_MAC for CMAC, nothing kept keyed. Slow, simple, and sharing no code with runtime/crypto or runtime/gp.
#pragma once

#include <optional>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/bytes.h"
#include "card/apdu.h"

namespace cw::reference {

/// To go through bytes in a for loop.
using Values = std::initializer_list<uint8_t>;

inline Bytes first(const Bytes& bytes, size_t count) { return {bytes.begin(), bytes.begin() + count}; }
inline Bytes zeros(size_t count) { return Bytes(count); }

inline Bytes pad80(Bytes data, size_t block) {
  data.push_back(0x80);
  while (data.size() % block != 0) data.push_back(0x00);
  return data;
}

inline Bytes cipher(const char* name, const Bytes& key, const Bytes& iv, const Bytes& data, bool encrypt = true) {
  EVP_CIPHER* algorithm = EVP_CIPHER_fetch(nullptr, name, nullptr);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  Bytes out(data.size() + 32);
  int size = 0;
  const bool ok = EVP_CipherInit_ex2(context, algorithm, key.data(), iv.empty() ? nullptr : iv.data(), encrypt ? 1 : 0,
                                     nullptr) == 1 &&
                  EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                  EVP_CipherUpdate(context, out.data(), &size, data.data(), static_cast<int>(data.size())) == 1;
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(algorithm);
  if (!ok) throw std::runtime_error("reference cipher failed");
  out.resize(static_cast<size_t>(size));
  return out;
}

inline Bytes aes_cbc(const Bytes& key, const Bytes& iv, const Bytes& data, bool encrypt = true) {
  const std::string name = "AES-" + std::to_string(key.size() * 8) + "-CBC";
  return cipher(name.c_str(), key, iv, data, encrypt);
}

inline Bytes cmac(const Bytes& key, const Bytes& message) {
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "CMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
  std::string name = "AES-" + std::to_string(key.size() * 8) + "-CBC";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, name.data(), 0),
                         OSSL_PARAM_construct_end()};
  Bytes out(16);
  size_t size = 0;
  const bool ok = EVP_MAC_init(context, key.data(), key.size(), params) == 1 &&
                  EVP_MAC_update(context, message.data(), message.size()) == 1 &&
                  EVP_MAC_final(context, out.data(), &size, out.size()) == 1 && size == 16;
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(algorithm);
  if (!ok) throw std::runtime_error("reference CMAC failed");
  return out;
}

/// SP 800-108 counter mode as Amd D 4.1.5 lays it out.
inline Bytes scp03_kdf(const Bytes& key, uint8_t constant, const Bytes& context, size_t bits) {
  Bytes out;
  for (uint8_t counter = 1; out.size() * 8 < bits; ++counter) {
    Bytes input = zeros(11);
    append(input, {constant, 0x00, static_cast<uint8_t>(bits >> 8), static_cast<uint8_t>(bits), counter});
    append(input, context);
    append(out, cmac(key, input));
  }
  return first(out, bits / 8);
}

inline Bytes three_keys(const Bytes& key) { return key.size() == 24 ? key : concat({key, first(key, 8)}); }
inline Bytes des_cbc(const Bytes& key, const Bytes& iv, const Bytes& data, bool encrypt = true) {
  return data.empty() ? data : cipher("DES-EDE3-CBC", three_keys(key), iv, data, encrypt);
}
inline Bytes des_ecb(const Bytes& key, const Bytes& data, bool encrypt = true) {
  return cipher("DES-EDE3-ECB", three_keys(key), {}, data, encrypt);
}
/// Single DES is triple DES with one key three times.
inline Bytes single_des_key(const Bytes& key) { return concat({first(key, 8), first(key, 8), first(key, 8)}); }

inline Bytes des_mac(const Bytes& key, const Bytes& iv, const Bytes& message) {
  const Bytes out = des_cbc(key, iv, pad80(message, 8));
  return {out.end() - 8, out.end()};
}

/// ISO 9797-1 algorithm 3, block by block: single DES chain, then decrypt with K2 and encrypt with K1 at the end.
inline Bytes retail_mac(const Bytes& key, const Bytes& iv, const Bytes& message) {
  const Bytes padded = pad80(message, 8);
  const Bytes k1 = single_des_key(key);
  const Bytes k2 = single_des_key(Bytes(key.begin() + 8, key.begin() + 16));
  Bytes chain = iv;
  for (size_t at = 0; at < padded.size(); at += 8) {
    for (size_t k = 0; k < 8; ++k) chain[k] ^= padded[at + k];
    chain = des_ecb(k1, chain);
  }
  return des_ecb(k1, des_ecb(k2, chain, false));
}

/// CLA and Lc as MACed and sent; `logical` 0 to 19.
struct Form {
  uint8_t maced_cla;
  uint8_t sent_cla;
};
inline Form form(uint8_t cla) {
  const bool further = (cla & 0x40) != 0;
  return {static_cast<uint8_t>((cla & 0x80) | 0x04), static_cast<uint8_t>(further ? cla | 0x20 : cla | 0x04)};
}

inline Bytes header(uint8_t cla, const card::Apdu& command, size_t lc, bool extended) {
  Bytes out = {cla, command.ins, command.p1, command.p2};
  if (extended) {
    out.push_back(0x00);
    append_be(out, lc, 2);
  } else {
    append_be(out, lc, 1);
  }
  return out;
}

inline Bytes le_bytes(const card::Apdu& command, bool extended) {
  Bytes out;
  if (command.le) append_be(out, *command.le, extended ? 2 : 1);
  return out;
}

inline bool is_extended(const card::Apdu& command, size_t lc) {
  return command.extended || lc > 255 || (command.le && *command.le > 256);
}

/// A card's view of one SCP03 session, Amd D 6.2.
struct Scp03 {
  Bytes s_enc, s_mac, s_rmac;
  size_t mac_size = 8;
  uint8_t level = 0;
  Bytes chaining = zeros(16);
  uint32_t counter = 0;

  static Bytes icv_block(uint32_t counter, bool response) {
    Bytes block = zeros(12);
    append_be(block, counter, 4);
    if (response) block[0] = 0x80;
    return block;
  }

  /// The whole wrapped command, as it travels.
  Bytes wrap(const card::Apdu& command, bool authenticate = false, bool encrypt_empty = false) {
    if (level == 0 && !authenticate) return command.encode();
    Bytes data = command.data;
    if (!authenticate) {
      ++counter;
      if ((level & 2) && (!data.empty() || encrypt_empty)) {
        data = aes_cbc(s_enc, aes_cbc(s_enc, zeros(16), icv_block(counter, false)), pad80(data, 16));
      }
    }
    const size_t lc = data.size() + mac_size;
    const bool extended = is_extended(command, lc);
    chaining = cmac(s_mac, concat({chaining, header(form(command.cla).maced_cla, command, lc, extended), data}));
    return concat({header(form(command.cla).sent_cla, command, lc, extended), data, first(chaining, mac_size),
                   le_bytes(command, extended)});
  }

  Bytes wrap_response(Bytes data, uint16_t sw) const {
    if ((level & 0x20) && !data.empty()) {
      data = aes_cbc(s_enc, aes_cbc(s_enc, zeros(16), icv_block(counter, true)), pad80(data, 16));
    }
    Bytes status;
    append_be(status, sw, 2);
    if (level & 0x10) append(data, first(cmac(s_rmac, concat({chaining, data, status})), mac_size));
    return concat({data, status});
  }
};

/// A card's view of one SCP01 or SCP02 session.
struct DesSession {
  int scp = 2;
  Bytes s_enc, s_mac, s_rmac;
  uint8_t level = 0;
  bool icv_encryption = true;
  std::optional<Bytes> last_mac{};
  Bytes last_rmac = zeros(8);
  Bytes command_part{};

  Bytes icv() const {
    if (!last_mac) return zeros(8);
    if (!icv_encryption) return *last_mac;
    return des_ecb(scp == 1 ? s_mac : single_des_key(s_mac), *last_mac);
  }

  Bytes wrap(const card::Apdu& command, bool authenticate = false) {
    if (level == 0 && !authenticate) return command.encode();
    Bytes data = command.data;
    const bool encrypts = !authenticate && (level & 2) && !data.empty();
    Bytes encrypted = data;
    if (encrypts && scp == 1) {
      encrypted = concat({Bytes{static_cast<uint8_t>(data.size())}, data});
      if (encrypted.size() % 8 != 0) encrypted = pad80(encrypted, 8);
      encrypted = des_cbc(s_enc, zeros(8), encrypted);
    } else if (encrypts) {
      encrypted = des_cbc(s_enc, zeros(8), pad80(data, 8));
    }
    const size_t lc = encrypted.size() + 8;
    const bool extended = is_extended(command, lc);
    const Bytes input = concat({header(form(command.cla).maced_cla, command, data.size() + 8, extended), data});
    last_mac = scp == 1 ? des_mac(s_mac, icv(), input) : retail_mac(s_mac, icv(), input);
    if (authenticate) last_rmac = *last_mac;
    command_part = concat({header(command.cla & 0x80, command, data.size(), extended), data});
    return concat(
        {header(form(command.cla).sent_cla, command, lc, extended), encrypted, *last_mac, le_bytes(command, extended)});
  }

  Bytes wrap_response(Bytes data, uint16_t sw) {
    Bytes status;
    append_be(status, sw, 2);
    if (level & 0x10) {
      last_rmac =
          retail_mac(s_rmac, last_rmac, concat({command_part, Bytes{static_cast<uint8_t>(data.size())}, data, status}));
      append(data, last_rmac);
    }
    return concat({data, status});
  }
};

}  // namespace cw::reference
