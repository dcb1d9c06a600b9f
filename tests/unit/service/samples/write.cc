// Prints one message of each kind that the service sends over GP SERAM, for tests/interop/device: the name of its
// schema, a space, the message.
#include <iostream>

#include "base/hex.h"
#include "service/seram.h"
#include "service/seram_exchange.h"

using namespace cw;
using namespace cw::service;

int main() {
  std::cout << "ramHandshakeResponse " << answer_seram_handshake({}).value_or("") << '\n';

  SeramExchange exchange;
  const auto say = [&](uint32_t delay) { std::cout << "remoteManagementOrder " << exchange.answer(delay) << '\n'; };
  exchange.choose({"eSE", "89001012012341234012345678901224", "SAM"});
  say(500);
  exchange.notify("step1/action2/OK");
  for (const size_t length : {1, 1, 1, 130}) {
    exchange.put({std::vector<Bytes>(length, from_hex("80CA9F7F00"))});
    say(0);
    exchange.taken();
  }
  exchange.notify(std::string("not UTF-8: \xFF, and \"quoted\""));
  exchange.stop();
  say(100);
  std::cout << "remoteManagementOrder " << SeramExchange::nothing(500) << '\n';
  return 0;
}
