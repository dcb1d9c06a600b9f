// Secure channels beside the bare AES blocks that they cannot do without.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "gp/channel.h"

namespace cw {
namespace {

const char* const kKey = "404142434445464748494A4B4C4D4E4F";

crypto::KeySet test_keys() {
  crypto::KeySet keys;
  keys.name = "bench";
  keys.enc = keys.mac = keys.dek = crypto::make_key(crypto::KeyType::aes, Secret::copy(from_hex(kKey)));
  return keys;
}

/// A published opening (tests/vectors/scp03-sessions.json, scp03-kaoh-send-apdu-rmac-rencryption).
const char* const kHostChallenge = "2C8130E574247B1B";
const char* const kAnswer = "00010203040506070809000370A5874C57119B976BF94879E36F29E039000001";

std::unique_ptr<gp::Channel> open_channel(const crypto::KeySet& keys, uint8_t level) {
  return gp::Channel::open(keys, from_hex(kHostChallenge), gp::InitializeUpdateAnswer::parse(from_hex(kAnswer), 8),
                           level);
}

/// Floor of a wrap: ICV, 15 CBC and 17 CMAC blocks, as 33 blocks of bulk AES-128-CBC.
void floor_33_blocks(benchmark::State& state) {
  const Bytes key = from_hex(kKey);
  const Bytes iv(16, 0);
  Bytes data(33 * 16, 0x5A);
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex2(context, cipher, key.data(), iv.data(), nullptr);
  EVP_CIPHER_CTX_set_padding(context, 0);
  int size = 0;
  for (auto _ : state) {
    EVP_EncryptUpdate(context, data.data(), &size, data.data(), static_cast<int>(data.size()));
    benchmark::ClobberMemory();
  }
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(cipher);
}
BENCHMARK(floor_33_blocks);

void scp03_wrap(benchmark::State& state) {
  const crypto::KeySet keys = test_keys();
  auto channel = open_channel(keys, 0x03);
  channel->external_authenticate();
  const card::Apdu load{0x80, 0xE8, 0x00, 0x00, Bytes(239, 0x5A), {}};
  for (auto _ : state) benchmark::DoNotOptimize(channel->wrap(load));
}
BENCHMARK(scp03_wrap);

void scp03_open(benchmark::State& state) {
  const crypto::KeySet keys = test_keys();
  const Bytes challenge = from_hex(kHostChallenge);
  const auto answer = gp::InitializeUpdateAnswer::parse(from_hex(kAnswer), 8);
  for (auto _ : state) benchmark::DoNotOptimize(gp::Channel::open(keys, challenge, answer, 0x33));
}
BENCHMARK(scp03_open);

}  // namespace
}  // namespace cw
