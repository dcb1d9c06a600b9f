#include <algorithm>

#include "base/error.h"
#include "url_private.h"

namespace cw::net {

Url parse_url(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    // A URL may carry a password: only its scheme and length are shown when it cannot be taken apart.
    throw Error(ErrorKind::usage, "cannot call a URL of " + std::to_string(text.size()) + " characters: " + why);
  };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    refuse("it must begin with https:// or http://");
  }
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
  };
  if (std::any_of(text.begin(), text.end(), odd)) refuse("white space and non-ASCII characters must be %-encoded");

  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  url.host = std::string(rest.substr(0, end));
  if (end == rest.size() || rest[end] != '/') url.target.push_back('/');
  url.target.append(rest.substr(end));
  if (url.host.find('@') != std::string::npos) refuse("credentials do not belong into a URL; use a header");
  if (url.host.empty() || url.host.front() == ':') refuse("it names no host");
  if (url.target.find('#') != std::string::npos) refuse("a fragment (#...) is not sent to a server");
  url.origin = (url.tls ? "https://" : "http://") + url.host;
  return url;
}

}  // namespace cw::net
