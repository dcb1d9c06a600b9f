// Requests from a stranger: however the bytes are cut, the outcome is the same, within the limits; and what is taken
// for a request is one by rules written here anew.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "net/request_parser.h"

using namespace cw;

namespace {

using State = net::RequestParser::State;

constexpr net::RequestLimits kLimits{512, 8, 256};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  State state = State::head;
  int status = 0;
  size_t taken = 0;
  net::ServerRequest request{};
  bool operator==(const Outcome& other) const {
    return state == other.state && status == other.status && request.method == other.request.method &&
           request.target == other.request.target && request.headers == other.request.headers &&
           request.body == other.request.body && (state != State::whole || taken == other.taken);
  }
};

Outcome read(std::string_view bytes, size_t piece) {
  net::RequestParser parser(kLimits);
  Outcome out;
  while (out.taken < bytes.size() && parser.state() != State::whole && parser.state() != State::refused) {
    const std::string_view now = bytes.substr(out.taken, piece);
    const size_t taken = parser.feed(now);
    require(taken <= now.size());
    require(taken == now.size() || parser.state() == State::whole || parser.state() == State::refused);
    require(parser.held() < 8192);
    out.taken += taken;
  }
  out.state = parser.state();
  if (out.state == State::refused) {
    out.status = parser.refusal().status;
    require(out.status >= 400 && out.status < 600 && !parser.refusal().why.empty());
    return out;
  }
  if (out.state == State::whole) out.request = parser.request();
  return out;
}

void check(std::string_view bytes, const Outcome& whole) {
  const net::ServerRequest& request = whole.request;
  require(!request.target.empty() && request.body.size() <= kLimits.body_bytes);
  require(request.headers.size() <= kLimits.headers);
  for (const auto& [name, value] : request.headers) {
    require(net::is_token(name) && net::is_field_value(value));
    require(value.empty() || (value.front() != ' ' && value.back() != ' '));
  }
  const bool chunked = net::count_headers(request.headers, "Transfer-Encoding") == 1;
  const size_t lengths = net::count_headers(request.headers, "Content-Length");
  require(lengths <= 1 && !(chunked && lengths == 1));

  // Where this request ends is where the next one begins: the end that smuggling moves.
  const size_t begin = bytes.starts_with("\r\n") ? 2 : 0;
  const size_t head = bytes.find("\r\n\r\n", begin) + 4;
  if (chunked) {
    require(bytes.substr(0, whole.taken).ends_with("\r\n\r\n"));
  } else {
    const size_t length = lengths == 0 ? 0 : std::stoul(*net::find_header(request.headers, "Content-Length"));
    require(request.body.size() == length && whole.taken == head + length);
    require(request.body == bytes.substr(head, length));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, std::string_view::npos);
  require(whole == read(bytes, 1));
  require(whole == read(bytes, 7));
  if (whole.state == State::whole) check(bytes, whole);
  return 0;
}
