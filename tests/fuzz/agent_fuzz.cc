// What a server sends to an agent, over both protocols: read or refused, and what was read of a script fits into it.
#include <cstdlib>

#include "agent/script.h"
#include "agent/seram_messages.h"
#include "base/error.h"

using namespace cw;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Action>
void read(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::http && error.message().find('\n') == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read([&] { require(agent::read_order(text).delay.count() <= 300'000); });
  read([&] { agent::check_handshake(text); });
  const agent::CommandScript script = agent::read_script({data, size});
  require(!script.bad || script.commands.empty());
  size_t sum = 0;
  for (const Bytes& command : script.commands) sum += command.size() + 2;
  require(sum <= size);
  require(!agent::print_answers(script.commands, script).empty());
  return 0;
}
