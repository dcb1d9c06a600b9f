// Fields of the plain data that a policy is, each checked as it is read.
//
// Plain functions. All of them raise policy, with the place: what is wrong there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/plain.h"

namespace cw::engine::fields {

[[noreturn]] void fail(const std::string& place, const std::string& what);

/// It is a table, and has no others.
void known(const std::string& place, const Plain& table, const std::vector<std::string>& names);
const Plain& need(const std::string& place, const Plain& table, const std::string& name);
std::string text(const std::string& place, const Plain& value);
int64_t number(const std::string& place, const Plain& value);
/// A list; an empty table is one too.
Plain::List list(const std::string& place, const Plain& value);
std::vector<std::string> texts(const std::string& place, const Plain& value);

}  // namespace cw::engine::fields
