// From one command to its whole answer over a Reader: command chaining on the way out, GET RESPONSE (61xx) and wrong
// Le (6Cxx) on the way back. Below any secure channel.
#pragma once

#include "card/apdu.h"
#include "card/reader.h"

namespace cw::card {

struct TransportOptions {
  bool extended_length = false;   // the reader and the card take extended APDUs; else long data is chained (CLA b5)
  bool repeat_wrong_le = true;    // on 6Cxx, send again with that Le; false inside a secure channel
  size_t response_limit = 65536;  // joined answer; more raises
};

/// Sends `command` and joins its answer. A command with more than 255 data bytes is sent extended, or cut by ISO 7816-4
/// command chaining (5.1.1.1). Returns the last status word with all data.
/// Raises reader: as Reader::transmit, an answer without status word or with none that ISO/IEC 7816-4 knows, an answer
/// longer than response_limit, more than 256 GET RESPONSE in a row.
Response exchange(Reader& reader, const Apdu& command, const TransportOptions& options = {});

}  // namespace cw::card
