// What a summary is written to: what the caller found out about it.
#pragma once

namespace cw::report {

struct Style {
  bool colour = false;
  bool utf8 = false;
  unsigned width = 0;  // columns; 0: no limit
};

}  // namespace cw::report
