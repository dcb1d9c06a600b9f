// What operators send comes from outside: each request is a command or a refusal. A command makes a request that is the
// same command again.
#include "base/bytes.h"
#include "service/operator_command.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // "METHOD TARGET\nBODY"
  const std::string_view text = cw::text_view({data, size});
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  const size_t space = std::min(line.find(' '), line.size());
  const auto parsed = cw::service::parse_request(line.substr(0, space), line.substr(std::min(space + 1, line.size())),
                                                 text.substr(std::min(end + 1, text.size())));
  const auto* command = std::get_if<cw::service::OperatorCommand>(&parsed);
  if (command == nullptr) return 0;
  const cw::service::RequestText again = cw::service::request_of(*command);
  const auto same = cw::service::parse_request(again.method, again.target, again.body);
  if (std::get<cw::service::OperatorCommand>(same) != *command) __builtin_trap();
  return 0;
}
