// Where the program finds stdlib, scripts and policies.
#pragma once

#include <filesystem>

namespace cw::app {

/// The folder that holds stdlib/, scripts/ and policies/: CARDWRIGHT_SHARE; else share/cardwright beside the program's
/// bin/; else the source tree around a build folder. Raises usage: none of them; names what was looked at.
std::filesystem::path share_folder();

/// The same for a program at `program`; `configured` is the value of CARDWRIGHT_SHARE, or null.
std::filesystem::path share_folder(const std::filesystem::path& program, const char* configured);

/// Whether the user means a file and not the name of a flow: it ends in .lua, or has a '/' and exists.
bool is_flow_file(const std::string& flow);

}  // namespace cw::app
