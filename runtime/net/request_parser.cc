#include "net/request_parser.h"

#include <algorithm>
#include <array>

#include "beast_parser_private.h"
#include "chunked_body_private.h"
#include "head_guard_private.h"

namespace cw::net {

namespace {

namespace http = boost::beast::http;

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// What Beast found wrong, as an answer.
Refusal refusal_for(const BeastParser::Code& code) {
  if (code == http::error::body_limit) return {413, "the body is too long"};
  if (code == http::error::bad_version) return {505, "the version is neither HTTP/1.0 nor HTTP/1.1"};
  if (code == http::error::header_limit) return {431, "the headers are too long"};
  if (code == http::error::bad_method) return {400, "the method is no token"};
  if (code == http::error::bad_target) return {400, "the target has a character that may not stand there"};
  if (code == http::error::bad_content_length) return {400, "a Content-Length that is no number, or one of several"};
  if (code == http::error::bad_transfer_encoding) return {400, "both Content-Length and Transfer-Encoding"};
  return {400, "a header that is none"};
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Name or number, and port. Empty where the target has none (RFC 9112 3.2).
bool may_be_host(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return c <= 0x20 || c >= 0x7F || std::string_view("/?#@\\,\"<>").find(c) != std::string_view::npos;
  });
}

constexpr int kFine = 0;

/// What Beast lets pass.
Refusal check_head(const ServerRequest& request, int version) {
  const Headers& headers = request.headers;
  const bool any_target = request.target == "*" && request.method == "OPTIONS";
  const auto odd = [](char c) { return c <= 0x20 || c >= 0x7F || c == '#'; };
  if (!any_target && (request.target.empty() || request.target.front() != '/')) {
    return {400, "the target must begin with /"};
  }
  if (std::any_of(request.target.begin(), request.target.end(), odd)) {
    return {400, "the target has a character that may not stand there"};
  }

  const size_t hosts = count_headers(headers, "Host");
  if (hosts > 1 || (hosts == 0 && version >= 11)) return {400, "one Host is needed"};
  if (hosts == 1 && !may_be_host(*find_header(headers, "Host"))) return {400, "a Host that is none"};

  const size_t encodings = count_headers(headers, "Transfer-Encoding");
  const size_t lengths = count_headers(headers, "Content-Length");
  if (encodings > 0 && lengths > 0) return {400, "both Content-Length and Transfer-Encoding"};
  if (lengths > 1 || (lengths == 1 && !is_digits(*find_header(headers, "Content-Length")))) {
    return {400, "a Content-Length that is no number, or one of several"};
  }
  if (encodings > 1 || (encodings == 1 && version < 11)) return {400, "a Transfer-Encoding that may not stand there"};
  if (encodings == 1 && !same_word(*find_header(headers, "Transfer-Encoding"), "chunked")) {
    return {501, "a Transfer-Encoding other than chunked"};
  }
  if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) {
    return {501, "an unknown method"};
  }
  const std::string* expected = version >= 11 ? find_header(headers, "Expect") : nullptr;
  if (expected && !same_word(*expected, "100-continue")) return {417, "an Expect other than 100-continue"};
  return {kFine};
}

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(const RequestLimits& limits) : guard_(limits), chunks_(limits) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.head_bytes + 1));
    parser_.body_limit(static_cast<std::uint64_t>(limits.body_bytes));
  }

  size_t feed(std::string_view bytes) {
    size_t taken = 0;
    if (state_ == State::head) {
      taken = guard_.feed(bytes);
      if (guard_.refusal()) refuse(*guard_.refusal());
      if (guard_.whole()) take_head();
    }
    if (state_ == State::body && taken < bytes.size()) taken += take_body(bytes.substr(taken));
    return taken;
  }

  State state_ = State::head;
  Refusal refusal_{};
  BeastParser parser_{};
  HeadGuard guard_;
  ChunkedBody chunks_;
  bool body_begun_ = false;

 private:
  void refuse(Refusal refusal) {
    refusal_ = std::move(refusal);
    state_ = State::refused;
  }

  void take_head() {
    BeastParser::Code code;
    const size_t size = guard_.text().size();
    const size_t taken = parser_.put(boost::asio::buffer(guard_.text()), code);
    if (parser_.is_header_done() || code == http::error::body_limit) {
      Refusal ours = check_head(parser_.request(), parser_.version());
      if (ours.status != kFine) return refuse(std::move(ours));
    }
    if (code && code != http::error::need_more) return refuse(refusal_for(code));
    if (!parser_.is_header_done() || taken != size) return refuse({400, "a header that is none"});
    std::string().swap(guard_.text());
    state_ = parser_.is_done() ? State::whole : State::body;
  }

  /// How many of `bytes` belong to the body.
  size_t take_body(std::string_view bytes) {
    body_begun_ = true;
    std::string& body = parser_.request().body;
    if (parser_.chunked()) {
      const size_t taken = chunks_.feed(bytes, body);
      if (chunks_.refusal()) refuse(*chunks_.refusal());
      if (chunks_.whole()) state_ = State::whole;
      return taken;
    }
    const auto length = static_cast<size_t>(parser_.content_length().value_or(0));
    const size_t taken = std::min(bytes.size(), length - body.size());
    body.append(bytes.substr(0, taken));
    if (body.size() == length) state_ = State::whole;
    return taken;
  }
};

RequestParser::RequestParser(const RequestLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

size_t RequestParser::feed(std::string_view bytes) { return impl_->feed(bytes); }
RequestParser::State RequestParser::state() const { return impl_->state_; }
const Refusal& RequestParser::refusal() const { return impl_->refusal_; }
ServerRequest& RequestParser::request() { return impl_->parser_.request(); }
bool RequestParser::is_http_1_0() const { return impl_->parser_.version() < 11; }
bool RequestParser::keeps_alive() const { return impl_->state_ == State::whole && impl_->parser_.keep_alive(); }

bool RequestParser::wants_continue() const {
  return impl_->state_ == State::body && !impl_->body_begun_ && !is_http_1_0() &&
         find_header(impl_->parser_.request().headers, "Expect") != nullptr;
}

size_t RequestParser::held() const {
  return impl_->guard_.text().capacity() + impl_->parser_.request().body.capacity();
}

}  // namespace cw::net
