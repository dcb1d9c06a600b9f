// A CBC context that is keyed once and never told an IV again.
//
// Setting an IV costs as much as eight AES blocks. But CBC only XORs: the context XORs the last cipher block it saw
// into the next plain block, so XORing (wanted IV ^ that block) into the first block of a message gives the wanted IV.
// Everything runs in place, so a buffer with secret plain text holds cipher text afterwards.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "base/bytes.h"
#include "openssl_private.h"

namespace cw::crypto {

enum class Direction { decrypt = 0, encrypt = 1 };

template <size_t kBlock>
class RunningCbc {
 public:
  using Block = std::array<uint8_t, kBlock>;

  RunningCbc(const EVP_CIPHER* cipher, ByteView key, Direction direction)
      : context_(EVP_CIPHER_CTX_new()), direction_(direction) {
    if (!context_) raise_openssl("creating a cipher context");
    check(EVP_CipherInit_ex2(context_.get(), cipher, key.data(), last_.data(), static_cast<int>(direction), nullptr),
          "setting a cipher key");
    EVP_CIPHER_CTX_set_padding(context_.get(), 0);
  }

  /// `data` in place, a multiple of the block.
  void run(const Block& iv, std::span<uint8_t> data) {
    if (data.empty()) return;
    if (data.size() % kBlock != 0) throw Error(ErrorKind::internal, "CBC over data that is no multiple of the block");
    const auto first = data.template first<kBlock>();
    if (direction_ == Direction::encrypt) {
      exchange_iv(iv, first);
      update(data);
      std::copy_n(data.end() - kBlock, kBlock, last_.begin());
    } else {
      Block last_cipher_block;
      std::copy_n(data.end() - kBlock, kBlock, last_cipher_block.begin());
      update(data);
      exchange_iv(iv, first);
      last_ = last_cipher_block;
    }
  }

  /// Last cipher block of the message encrypted just now: its CBC MAC.
  const Block& last() const { return last_; }

 private:
  /// Takes the IV that the context will use out of the first block, and puts the wanted one in.
  void exchange_iv(const Block& iv, std::span<uint8_t, kBlock> first) {
    for (size_t i = 0; i < kBlock; ++i) first[i] = static_cast<uint8_t>(first[i] ^ iv[i] ^ last_[i]);
  }

  void update(std::span<uint8_t> data) {
    int written = 0;
    check(EVP_CipherUpdate(context_.get(), data.data(), &written, data.data(), static_cast<int>(data.size())),
          "running a cipher");
  }

  CipherCtxPtr context_;
  Direction direction_;
  Block last_{};
};

}  // namespace cw::crypto
