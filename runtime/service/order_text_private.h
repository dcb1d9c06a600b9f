// An order inside the text of a kept session.
//
// Plain functions.
#pragma once

#include <nlohmann/json.hpp>

#include "service/order.h"

namespace cw::service {

nlohmann::json order_to_json(const Order& order);
/// Raises store: not as order_to_json wrote it. Lets nlohmann's exceptions through.
Order order_from_json(const nlohmann::json& in);

[[noreturn]] void damaged_session();

}  // namespace cw::service
