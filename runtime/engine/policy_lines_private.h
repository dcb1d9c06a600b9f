// A policy in lines that can be compared with those of another one.
#pragma once

#include <string>
#include <vector>

#include "engine/plain.h"
#include "engine/policy.h"

namespace cw::engine {

/// Of what a policy file returned, once it was found to be one. `limits`: with those that it leaves out.
std::vector<std::string> policy_lines(const Plain& root, const PolicyLimits& limits);

}  // namespace cw::engine
