// Who is at the operator door, and what they may do there.
//
// Plain functions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "net/server_request.h"
#include "service/config.h"
#include "service/operator_command.h"

namespace cw::service {

struct Visitor {
  std::string name{};          // for the audit: "alice@host" of a user of this machine, else a certificate's subject
  std::optional<Role> role{};  // nothing: none
  std::string owner{};         // whose things alone they see; empty: the operator's, and so all
  std::string why{};           // they have none
};

/// A user of this machine is an operator if the service runs as that user, or it is the superuser.
Visitor visitor_of(const net::Peer& peer, const Roles& roles);

/// "user@host"; a user without a name is their number.
std::string user_name(unsigned uid);

}  // namespace cw::service
