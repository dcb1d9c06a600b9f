#include "agent/relay.h"

#include "base/error.h"
#include "card/transport.h"

namespace cw::agent {

namespace {

/// GPCS 11.1.4 and ISO/IEC 7816-4 5.4.1: the class says that there is a MAC. Sent again, it would be a replay.
bool is_secured(uint8_t cla) { return (cla & 0x40) != 0 ? (cla & 0x20) != 0 : (cla & 0x0C) != 0; }

}  // namespace

void Relay::power() {
  if (powered_) return;
  reader_.reset();
  powered_ = true;
  extended_ = extended_length_();
}

Bytes Relay::send(ByteView command) {
  const card::Apdu apdu = card::Apdu::parse(command);
  power();
  card::TransportOptions options;
  options.extended_length = extended_;
  options.repeat_wrong_le = !is_secured(apdu.cla);
  try {
    Bytes answer = card::exchange(reader_, apdu, options).encode();
    follower_.exchanged(command, answer);
    return answer;
  } catch (const Error&) {
    powered_ = false;
    follower_.exchanged(command, {});
    throw;
  }
}

}  // namespace cw::agent
