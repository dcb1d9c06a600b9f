// Answers of the operator door: JSON, and an error as {"error":{"kind","message"}} under the status that fits.
//
// Plain functions.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "net/server_request.h"

namespace cw::service {

net::ServerAnswer json_answer(int status, const nlohmann::ordered_json& value);
net::ServerAnswer error_answer(int status, const std::string& kind, const std::string& message);
net::ServerAnswer error_answer(const Error& error);

/// The error in such a body. Raises http: it holds none.
Error error_in(int status, const std::string& body);

}  // namespace cw::service
