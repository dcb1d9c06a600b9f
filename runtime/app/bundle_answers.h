// What can be said of bundles without a store: how two differ. As JSON, for a program and for who prints it.
//
// Plain functions.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/bundle.h"

namespace cw::app {

/// before, after: hashes; files: {file, is: added, removed or changed, lines: [{is, line}]}, those that differ.
nlohmann::ordered_json diff_answer(const engine::Bundle& before, const engine::Bundle& after);

}  // namespace cw::app
