#include "base/error.h"
#include "base/hex.h"
#include "order_text_private.h"

namespace cw::service {

using nlohmann::json;

void damaged_session() { throw Error(ErrorKind::store, "cannot read a kept session: it is damaged"); }

json order_to_json(const Order& order) {
  json commands = json::array();
  for (const Bytes& command : order.commands) commands.push_back(to_hex(command));
  return {{"commands", std::move(commands)}, {"once", order.once}};
}

Order order_from_json(const json& in) {
  Order out;
  for (const json& command : in.at("commands")) {
    const auto& text = command.get_ref<const std::string&>();
    if (text.size() % 2 != 0 || text.find_first_not_of("0123456789ABCDEF") != std::string::npos) damaged_session();
    out.commands.push_back(from_hex(text));
  }
  out.once = in.at("once");
  if (out.commands.empty()) damaged_session();
  return out;
}

}  // namespace cw::service
