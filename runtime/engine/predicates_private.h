// Compiles the predicates of a policy. Their form as data is documented in stdlib/cw/policy.lua.
#pragma once

#include "engine/plain.h"
#include "engine/policy.h"

namespace cw::engine {

/// `place` ("rules[2].when") names the predicate in errors. Raises policy: unknown or malformed predicate.
Predicate compile_predicate(const Plain& plain, const std::string& place);

}  // namespace cw::engine
