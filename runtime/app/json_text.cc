#include "app/json_text.h"

#include <iostream>

namespace cw::app {

using nlohmann::ordered_json;

std::string json_line(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void print_json(const ordered_json& value) {
  std::cout << value.dump(2, ' ', false, ordered_json::error_handler_t::replace) << std::endl;
}

std::string text_in(const ordered_json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace cw::app
