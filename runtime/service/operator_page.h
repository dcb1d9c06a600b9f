// The operators' page: what a browser is given at the operator door, and which of its requests are taken.
//
// Plain functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/server_request.h"

namespace cw::service {

/// The answer to a request for one of its files; nothing: the path is none of them.
std::optional<net::ServerAnswer> page_answer(std::string_view method, std::string_view target);

/// Why a request is one that another page made a browser send; empty: it is not. A browser shows its user's certificate
/// for whoever asks it to, so each request but for the page itself has to come from this page, or from no browser.
/// `here`: over the unix socket, which a browser reaches through a port of this machine alone.
std::string foreign(const net::ServerRequest& request, bool here);

}  // namespace cw::service
