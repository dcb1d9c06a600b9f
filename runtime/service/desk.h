// Where operators' commands are carried out, whoever brought them: a door of a service, or a command line at the store.
// Wired by the program, which knows stores and policies.
//
// Owner: one thread, which has it to itself.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/operator_command.h"

namespace cw::service {

/// Causes of errors of kind usage, for who has to tell them apart.
inline constexpr const char* kNotThere = "not there";
inline constexpr const char* kConflict = "conflict";

/// One thing that has to be in order for runs to begin.
struct Readiness {
  std::string name{};
  bool ok = false;
  std::string why{};  // a line, where it is not
};

/// What only the store knows of a service.
struct StoreFigures {
  std::vector<std::pair<std::string, int64_t>> runs{};  // by state, all states
  std::string policy{};                                 // name and hash of the one in use; empty: none
  std::string policy_hash{};
};

class Desk {
 public:
  virtual ~Desk() = default;

  /// `who` is kept in the audit. Raises usage (causes above), script, policy (of an owner that is not managed
  /// with the cause store::kNotManaged), budget, store.
  virtual nlohmann::ordered_json answer(const OperatorCommand& command, const std::string& who) = 0;
  virtual std::vector<Readiness> readiness() = 0;
  /// Raises store.
  virtual StoreFigures figures() = 0;
};

}  // namespace cw::service
