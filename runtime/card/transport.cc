#include "card/transport.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::card {

namespace {

constexpr size_t kShortData = 255;
constexpr uint8_t kChaining = 0x10;
constexpr unsigned kMaxGetResponse = 256;

/// ISO/IEC 7816-4 5.1.3: status words are 6XXX and 9XXX, and 60XX is none. Anything else is what is left of an answer.
Response send(Reader& reader, const Apdu& command) {
  Response answer = Response::parse(reader.transmit(command.encode()));
  const unsigned high = answer.sw >> 8;
  if ((high >> 4 == 0x6 && high != 0x60) || high >> 4 == 0x9) return answer;
  throw Error(ErrorKind::reader, "reader " + reader.name() + ": the answer ends with " + to_hex16(answer.sw) +
                                     ", which is no status word: a part of it is lost; try again, or another reader");
}

uint32_t announced(uint16_t sw) { return (sw & 0xFF) == 0 ? 256 : sw & 0xFF; }

void collect(Bytes& joined, const Bytes& more, size_t limit) {
  if (joined.size() + more.size() > limit) {
    throw Error(ErrorKind::reader, "the answer is longer than the limit of " + std::to_string(limit) +
                                       " bytes; the card keeps announcing more with 61xx");
  }
  append(joined, more);
}

/// ISO 7816-4 5.1.1.1: all segments but the last carry CLA b5 and no Le. The card says 9000 to each, or the chain ends.
Response send_chained(Reader& reader, const Apdu& command) {
  const ByteView data = command.data;
  for (size_t at = 0;; at += kShortData) {
    Apdu segment{.cla = command.cla, .ins = command.ins, .p1 = command.p1, .p2 = command.p2};
    segment.data = to_bytes(data.subspan(at, std::min(kShortData, data.size() - at)));
    const bool last = at + segment.data.size() == data.size();
    if (last) {
      segment.le = command.le ? std::optional<uint32_t>(std::min<uint32_t>(*command.le, 256)) : std::nullopt;
      return send(reader, segment);
    }
    segment.cla |= kChaining;
    const Response answer = send(reader, segment);
    if (!answer.ok()) return answer;
  }
}

Response send_whole(Reader& reader, const Apdu& command, const TransportOptions& options) {
  if (command.data.size() > kShortData && !options.extended_length) return send_chained(reader, command);
  Apdu fitting = command;
  if (!options.extended_length) {
    fitting.extended = false;
    if (fitting.le && *fitting.le > 256) fitting.le = 256;  // the rest comes by GET RESPONSE
  }
  const Response answer = send(reader, fitting);
  if ((answer.sw & 0xFF00) != 0x6C00 || !options.repeat_wrong_le) return answer;
  fitting.le = announced(answer.sw);
  return send(reader, fitting);
}

}  // namespace

Response exchange(Reader& reader, const Apdu& command, const TransportOptions& options) {
  Response answer = send_whole(reader, command, options);
  Bytes joined;
  collect(joined, answer.data, options.response_limit);
  // GET RESPONSE goes out in the clear, on the command's channel, in the interindustry class (7816-4 5.3.4).
  const uint8_t cla = with_channel(0x00, channel_of(command.cla));
  for (unsigned round = 0; (answer.sw & 0xFF00) == 0x6100; ++round) {
    if (round == kMaxGetResponse) {
      throw Error(ErrorKind::reader, "the card answered " + to_hex16(answer.sw) + " to " +
                                         std::to_string(kMaxGetResponse) +
                                         " GET RESPONSE in a row; reset the card and try another reader");
    }
    Apdu more{.cla = cla, .ins = 0xC0, .le = announced(answer.sw)};
    answer = send(reader, more);
    if ((answer.sw & 0xFF00) == 0x6C00) {
      more.le = announced(answer.sw);
      answer = send(reader, more);
    }
    collect(joined, answer.data, options.response_limit);
  }
  answer.data = std::move(joined);
  return answer;
}

}  // namespace cw::card
