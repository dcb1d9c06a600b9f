// What a reader passes up from a stranger's card, and says of itself: ATR, features, commands over T=0.
#include "base/error.h"
#include "card/atr.h"
#include "card/pcsc_features.h"
#include "card/t0.h"

using namespace cw;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const ByteView data(bytes, size);
  if (const auto atr = card::Atr::parse(data)) atr->extended_length();
  card::pcsc_feature(data, size > 0 ? bytes[0] : 0);
  card::max_apdu_data(data);
  try {
    card::t0_command(data);
  } catch (const Error&) {
    return 0;  // an extended APDU
  }
  return 0;
}
