#include "app/failure.h"

#include <iostream>

#include "app/terminal.h"

namespace cw::app {

void complain(const Error& error) {
  std::cout << std::flush;
  std::cerr << "cardwright: " << printable(error.message()) << std::endl;
}

Error without_place(const Error& error, std::string_view file) {
  const std::string& text = error.message();
  if (!text.starts_with(std::string(file) + ":")) return error;
  const size_t end = text.find(": ", file.size());
  if (end == std::string::npos) return error;
  return {error.kind(), text.substr(end + 2), error.sw(), error.cause()};
}

}  // namespace cw::app
