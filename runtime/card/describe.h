// A command in one line of the standards' terms, for traces and errors. Shows AIDs, tags and lengths, which are not
// secret; never the content of STORE DATA, PUT KEY, VERIFY or of a command it does not know.
#pragma once

#include <string>

#include "card/apdu.h"

namespace cw::card {

/// "INSTALL [for load] F0636172647703 into A000000151535041, hash 32 bytes". Takes any command; a data field that is
/// not what the command wants, or that travels under secure messaging, is shown as its length.
std::string describe(const Apdu& command);

}  // namespace cw::card
