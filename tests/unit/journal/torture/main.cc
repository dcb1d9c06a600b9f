// What tests/torture.sh starts; see its usage.
#include <iostream>

#include "base/error.h"
#include "torture.h"

namespace {

cw::journal::TortureOptions read(const std::vector<std::string>& arguments) {
  using cw::journal::Bench;
  cw::journal::TortureOptions out;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    const bool number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
    if (name == "--flavor") {
      out.flavors = {value};
    } else if (name == "--flow") {
      out.flow = value;
    } else if (name == "--engine" && (value == "sqlite" || value == "postgres")) {
      out.engines = {value == "sqlite" ? Bench::On::sqlite : Bench::On::postgres};
    } else if (name == "--minutes" && number) {
      out.minutes = std::chrono::minutes(std::stoi(value));
    } else if (name == "--seed" && number) {
      out.seed = std::stoull(value);
    } else {
      throw cw::Error(cw::ErrorKind::usage, name + " " + value + ": there is no such option");
    }
  }
  if (arguments.size() % 2 != 0) throw cw::Error(cw::ErrorKind::usage, arguments.back() + ": has no value");
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = read({argv + 1, argv + argc});
    const auto count = cw::journal::torture(options, [](const std::string& line) { std::cout << line << std::endl; });
    std::cout << count.points << " points, " << count.failed << " failed" << std::endl;
    return count.failed == 0 ? 0 : 1;
  } catch (const cw::Error& error) {
    std::cerr << "torture: " << error.message() << std::endl;
    return 2;
  }
}
