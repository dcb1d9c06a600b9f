// Where a command is carried out: at the store of this machine, or by a service (--service).
//
// Thread rule: plain values.
#pragma once

#include <memory>
#include <string>

#include "app/remote_desk.h"
#include "app/store_place.h"
#include "service/desk.h"

namespace cw::app {

/// Puts --owner into a subcommand.
void add_owner_to(CLI::App& command, std::string& owner);

struct DeskPlace {
  StorePlace store{};
  ServiceAddress service{};
  std::string owner{};  // whose things it is about

  /// Puts the options of both, and --owner, into a subcommand.
  void add_to(CLI::App& command);
  /// Without --owner: what is the operator's alone.
  void add_store_to(CLI::App& command);

  bool is_remote() const { return !service.url.empty(); }
  /// One that keeps its store open, or its service's address, for who asks again and again. Raises usage.
  std::unique_ptr<service::Desk> desk() const;
  /// Carries the command out. Raises as the desk does.
  nlohmann::ordered_json answer(const service::OperatorCommand& command) const;
};

}  // namespace cw::app
