// What SP-TSMs send to the issuer's side, and what they answer it, comes from outside: each message is read or refused,
// and nothing else. The first byte says which one it is.
#include "base/bytes.h"
#include "base/error.h"
#include "issuer/messages.h"
#include "issuer/token_data.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const cw::ByteView rest{data + 1, size - 1};
  const std::string_view text = cw::text_view(rest);
  try {
    switch (data[0]) {
      case 's':
        cw::issuer::parse_ssd_request(text);
        break;
      case 'c':
        cw::issuer::parse_commands_request(text);
        break;
      case 't':
        cw::issuer::parse_token_request(text);
        break;
      case 'r':
        cw::issuer::parse_receipts_request(text);
        break;
      case 'k':
        cw::issuer::parse_keys_request(text);
        break;
      case 'a':
        cw::issuer::parse_push_answer(text);
        break;
      case 'd':
        cw::issuer::parse_token_data(rest);
        break;
      case 'f':
        cw::issuer::parse_configuration(text, "");
        break;
      default:
        break;
    }
  } catch (const cw::Error& error) {
    if (error.kind() != cw::ErrorKind::usage) __builtin_trap();
  }
  return 0;
}
