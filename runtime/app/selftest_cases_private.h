// Known answers that are compiled in, in the form of tests/vectors/README.md.
#pragma once

#include <string_view>

namespace cw::app {

std::string_view built_in_cases();

}  // namespace cw::app
