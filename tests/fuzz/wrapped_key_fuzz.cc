// What comes in from other custodies: wrapped keys, TR-31 key blocks, pkcs11: URIs. Nothing but usage is raised.
#include "base/error.h"
#include "crypto/key_wrap.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/tr31.h"

namespace {

using namespace cw;
using crypto::KeyType;
using crypto::WrapForm;

template <typename Call>
void expect_usage(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  static const auto aes = crypto::make_key(KeyType::aes, Secret::copy(Bytes(32, 0x41)));
  static const auto des = crypto::make_key(KeyType::des, Secret::copy(Bytes(16, 0x41)));
  for (const WrapForm form : {WrapForm::aes_key_wrap, WrapForm::aes_cbc, WrapForm::des_ecb}) {
    for (const KeyType type : {KeyType::aes, KeyType::des}) {
      expect_usage([&] { crypto::unwrap_key(form == WrapForm::des_ecb ? *des : *aes, form, {type}, input); });
    }
  }
  expect_usage([&] { crypto::tr31_unwrap(*aes, text_view(input)); });
  expect_usage([&] { crypto::tr31_unwrap(*des, text_view(input)); });
  expect_usage([&] { crypto::parse_pkcs11_uri(text_view(input)); });
  return 0;
}
