// Who is at this program, for the audit.
//
// Thread rule: any thread.
#pragma once

#include <string>

namespace cw::app {

/// "user@host"; a user without a name is their number.
std::string operator_name();

}  // namespace cw::app
