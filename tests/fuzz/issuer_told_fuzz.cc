// What card issuers and device makers tell comes from outside: each message is read or refused, and nothing else. The
// first byte says which one it is.
#include "base/bytes.h"
#include "base/error.h"
#include "service/issuer_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = cw::text_view({data + 1, size - 1});
  try {
    if (data[0] == 'k') cw::service::parse_key_sync(text);
    if (data[0] == 's') cw::service::parse_state_sync(text);
  } catch (const cw::Error&) {
    // Refused.
  }
  return 0;
}
