// The list of what is in a bundle's archive: JSON, of which each bundle has exactly one text. A signature of a bundle
// is one of this text.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace cw::engine {

/// `hash`: of the bundle; `texts`: by their names.
std::string write_manifest(const std::string& hash, const std::map<std::string, std::string>& texts);

/// Raises script, without naming the archive: it says something else than write_manifest(), and what; it is for another
/// version of the archive's form, or of what scripts can call.
void check_manifest(std::string_view manifest, const std::string& hash,
                    const std::map<std::string, std::string>& texts);

}  // namespace cw::engine
