// Boost.Beast's parser for the head of a request, putting what it finds into a ServerRequest. It is fed whole heads and
// no bodies. The only place that includes Beast.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "net/server_request.h"

namespace cw::net {

class BeastParser : public boost::beast::http::basic_parser<true> {
 public:
  using Code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  ServerRequest& request() { return request_; }
  const ServerRequest& request() const { return request_; }
  int version() const { return version_; }  // 10 or 11

 private:
  static std::string_view plain(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, Code&) override {
    request_.method = plain(method);
    request_.target = plain(target);
    version_ = version;
  }
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(boost::beast::http::field, Text name, Text value, Code&) override {
    request_.headers.emplace_back(plain(name), plain(value));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  size_t on_body_impl(Text, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  size_t on_chunk_body_impl(std::uint64_t, Text, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  ServerRequest request_{};
  int version_ = 11;
};

}  // namespace cw::net
