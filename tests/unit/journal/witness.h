// What must hold for every run, however often its process was killed: the card's own account against the journal's.
//
// Owner: a story. One thread.
#pragma once

#include <string>
#include <vector>

#include "bench.h"

namespace cw::journal {

/// Each line is one thing that does not hold; none: all is well. To be asked after a kill, and at the end:
/// - wrapped bytes reached the card twice;
/// - something reached it that the journal did not hold as an intent;
/// - a key was refused, or a card's cryptogram was wrong;
/// - the journal has a gap, or does not open.
std::vector<std::string> complaints(const Bench& bench, const std::string& id, const std::vector<Seen>& seen);

/// Commands that some secure channel protects, by their class (GPCS 11.1.4).
bool is_wrapped(ByteView command);

}  // namespace cw::journal
