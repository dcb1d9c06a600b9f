// Taking a URL apart, as strictly as the client needs it.
#pragma once

#include <string>
#include <string_view>

namespace cw::net {

struct Url {
  std::string origin{};  // "https://host:port"
  std::string host{};    // for messages
  std::string target{};  // "/path?query"
  bool tls = false;
};

/// Raises usage: another scheme, no host, user name and password, a fragment, white space or control characters.
Url parse_url(std::string_view text);

}  // namespace cw::net
