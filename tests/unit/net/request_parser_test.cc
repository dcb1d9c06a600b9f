// What is a request, and what only looks like one. The cases are those of RFC 9112 and of published reports of request
// smuggling.
#include "net/request_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace cw::net {
namespace {

using State = RequestParser::State;

RequestLimits small() { return {1024, 8, 64}; }

/// "whole METHOD TARGET BODY", "refused STATUS", or how far it came; with what was left over.
std::string outcome(const std::string& bytes, size_t piece = std::string::npos, RequestLimits limits = small()) {
  RequestParser parser(limits);
  size_t at = 0;
  while (at < bytes.size() && parser.state() != State::whole && parser.state() != State::refused) {
    const std::string now = bytes.substr(at, piece);
    const size_t taken = parser.feed(now);
    at += taken;
    if (taken < now.size()) break;
  }
  const std::string left = at < bytes.size() ? " left " + std::to_string(bytes.size() - at) : "";
  switch (parser.state()) {
    case State::head:
      return "head";
    case State::body:
      return "body";
    case State::refused:
      return "refused " + std::to_string(parser.refusal().status);
    case State::whole:
      return "whole " + parser.request().method + " " + parser.request().target + " " + parser.request().body + left;
  }
  return "";
}

/// A request with Host and these lines, then `body`.
std::string post(const std::string& lines, const std::string& body = "") {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n" + body;
}

struct Case {
  const char* what;
  std::string bytes;
  const char* outcome;
};

TEST(RequestParser, takes_requests_and_leaves_the_next_one_alone) {
  const Case cases[] = {
      {"no body", "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "whole GET /a?b=c "},
      {"a length", post("Content-Length: 3\r\n", "abc"), "whole POST /x abc"},
      {"a length of 0", post("Content-Length: 0\r\n"), "whole POST /x "},
      {"chunks", post("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), "whole POST /x abc"},
      {"chunks in capitals", post("transfer-encoding: Chunked\r\n", "A\r\n0123456789\r\n0\r\n\r\n"),
       "whole POST /x 0123456789"},
      {"a chunk's extension", post("Transfer-Encoding: chunked\r\n", "2;a=b;c=\"d\"\r\nab\r\n0\r\n\r\n"),
       "whole POST /x ab"},
      {"a trailer", post("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"), "whole POST /x ab"},
      {"the next request", "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET", "whole GET /  left 3"},
      {"the next request after chunks", post("Transfer-Encoding: chunked\r\n", "0\r\n\r\nGET /"),
       "whole POST /x  left 5"},
      {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "whole GET / "},
      {"an empty line before it", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "whole GET / "},
      {"OPTIONS of all", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "whole OPTIONS * "},
      {"no value", "GET / HTTP/1.1\r\nHost: h\r\nX-Empty:\r\n\r\n", "whole GET / "},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(outcome(c.bytes), c.outcome) << c.what;
    EXPECT_EQ(outcome(c.bytes, 3).substr(0, 12), std::string(c.outcome).substr(0, 12)) << c.what << ", in threes";
    EXPECT_EQ(outcome(c.bytes, 1).substr(0, 12), std::string(c.outcome).substr(0, 12)) << c.what << ", byte by byte";
  }
}

TEST(RequestParser, refuses_what_two_programs_could_read_in_two_ways) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const Case cases[] = {
      {"length and chunks", post("Content-Length: 3\r\n" + chunked, "0\r\n\r\n"), "refused 400"},
      {"chunks and length", post(chunked + "Content-Length: 3\r\n", "0\r\n\r\n"), "refused 400"},
      {"two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), "refused 400"},
      {"the same length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), "refused 400"},
      {"a list of lengths", post("Content-Length: 3, 3\r\n", "abc"), "refused 400"},
      {"a length with a sign", post("Content-Length: +3\r\n", "abc"), "refused 400"},
      {"a negative length", post("Content-Length: -3\r\n", "abc"), "refused 400"},
      {"a length in hex", post("Content-Length: 0x3\r\n", "abc"), "refused 400"},
      {"a length without one", post("Content-Length:\r\n", "abc"), "refused 400"},
      {"a length of 21 digits", post("Content-Length: 184467440737095516190\r\n", "abc"), "refused 400"},
      {"chunks twice", post(chunked + chunked, "0\r\n\r\n"), "refused 400"},
      {"gzip and chunks", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "refused 501"},
      {"chunks, then not", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "refused 501"},
      {"not quite chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "refused 501"},
      {"chunks in two headers", post("Transfer-Encoding: gzip\r\n" + chunked, "0\r\n\r\n"), "refused 400"},
      {"a blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "refused 400"},
      {"a folded header", post("X-A: b\r\n c\r\n"), "refused 400"},
      {"a folded encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), "refused 400"},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", "refused 400"},
      {"one bare line feed", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "refused 400"},
      {"a bare carriage return", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "refused 400"},
      {"a zero byte in a value", std::string("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n", 29), "refused 400"},
      {"a zero byte in a name", std::string("GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n", 29), "refused 400"},
      {"a tab in a name", "GET / HTTP/1.1\r\nHost: h\r\nX\tY: z\r\n\r\n", "refused 400"},
      {"no name", "GET / HTTP/1.1\r\nHost: h\r\n: z\r\n\r\n", "refused 400"},
      {"no colon", "GET / HTTP/1.1\r\nHost: h\r\nnothing\r\n\r\n", "refused 400"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "refused 400"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "refused 400"},
      {"a host and a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "refused 400"},
      {"two hosts in one", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "refused 400"},
      {"a user and a host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "refused 400"},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n", "refused 400"},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"a blank at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "refused 505"},
      {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "refused 505"},
      {"a whole URL", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"a fragment", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"bytes beyond ASCII in the target", "GET /\xC3\xA4 HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"HTTP/0.9", "GET /\r\n\r\n", "refused 400"},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "refused 505"},
      {"the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "refused 505"},
      {"the beginning of TLS", std::string("\x16\x03\x01\x02\x00\x01", 6), "refused 400"},
      {"an unknown method", "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n", "refused 501"},
      {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "refused 400"},
      {"a method in small letters", "get / HTTP/1.1\r\nHost: h\r\n\r\n", "refused 501"},
      {"an unknown expectation", post("Expect: the-unexpected\r\nContent-Length: 1\r\n", "a"), "refused 417"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(outcome(c.bytes), c.outcome) << c.what;
    EXPECT_EQ(outcome(c.bytes, 1), c.outcome) << c.what << ", byte by byte";
  }
}

TEST(RequestParser, refuses_chunks_that_are_none) {
  const auto with = [](const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); };
  const Case cases[] = {
      {"no size", with("\r\nab\r\n"), "refused 400"},
      {"a negative size", with("-2\r\nab\r\n"), "refused 400"},
      {"0x", with("0x2\r\nab\r\n0\r\n\r\n"), "refused 400"},
      {"a blank first", with(" 2\r\nab\r\n0\r\n\r\n"), "refused 400"},
      {"no digit", with("g\r\nab\r\n0\r\n\r\n"), "refused 400"},
      {"17 digits", with("10000000000000002\r\nab\r\n0\r\n\r\n"), "refused 400"},
      {"longer than it says", with("2\r\nabc\r\n0\r\n\r\n"), "refused 400"},
      {"a bare line feed", with("2\nab\r\n0\r\n\r\n"), "refused 400"},
      {"a bare line feed after the data", with("2\r\nab\n0\r\n\r\n"), "refused 400"},
      {"a carriage return in its line", with("2;a\rb\r\nab\r\n0\r\n\r\n"), "refused 400"},
      {"more than the limit", with("41\r\n"), "refused 413"},
      {"more than the limit in two", with("40\r\n" + std::string(64, 'a') + "\r\n1\r\n"), "refused 413"},
      {"a trailer that is none", with("0\r\nX Y\r\n\r\n"), "refused 400"},
      {"a length in the trailer", with("0\r\nContent-Length: 5\r\n\r\n"), "refused 400"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(outcome(c.bytes), c.outcome) << c.what;
    EXPECT_EQ(outcome(c.bytes, 1), c.outcome) << c.what << ", byte by byte";
  }
  EXPECT_EQ(outcome(with("1;" + std::string(2000, 'x'))), "refused 400") << "an extension without end";
  EXPECT_EQ(outcome(with("0\r\nX: " + std::string(2000, 'x'))), "refused 400") << "a trailer without end";
}

TEST(RequestParser, a_trailer_does_not_pass_for_a_header) {
  RequestParser parser(small());
  parser.feed(post("Transfer-Encoding: chunked\r\n", "0\r\nX-Admin: yes\r\n\r\n"));
  ASSERT_EQ(parser.state(), State::whole);
  EXPECT_EQ(parser.request().header("x-admin"), "");
  EXPECT_EQ(parser.request().header("HOST"), "h");
}

TEST(RequestParser, each_limit_holds_to_the_byte) {
  const std::string line = "GET /" + std::string(100, 'a') + " HTTP/1.1\r\n";
  const std::string whole = line + "Host: h\r\n\r\n";
  EXPECT_EQ(outcome(whole, std::string::npos, {whole.size(), 8, 0}).substr(0, 5), "whole");
  EXPECT_EQ(outcome(whole, std::string::npos, {whole.size() - 1, 8, 0}), "refused 431");
  EXPECT_EQ(outcome(line, std::string::npos, {line.size() - 1, 8, 0}), "refused 414");

  std::string headers = "Host: h\r\n";
  for (int i = 1; i < 8; ++i) headers += "A: b\r\n";
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\n" + headers + "\r\n"), "whole GET / ");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\n" + headers + "A: b\r\n\r\n"), "refused 431");

  EXPECT_EQ(outcome(post("Content-Length: 64\r\n", std::string(64, 'a'))).substr(0, 5), "whole");
  EXPECT_EQ(outcome(post("Content-Length: 65\r\n")), "refused 413") << "before a byte of it is there";
}

TEST(RequestParser, many_small_chunks_are_no_way_around_the_limit) {
  RequestParser parser({1024, 8, 64});
  std::string bytes = post("Transfer-Encoding: chunked\r\n");
  parser.feed(bytes);
  const std::string chunk = "1;" + std::string(900, 'x') + "\r\na\r\n";
  size_t sent = 0;
  for (; parser.state() == State::body && sent < 1'000'000; sent += chunk.size()) parser.feed(chunk);
  EXPECT_EQ(parser.state(), State::refused);
  EXPECT_LT(sent, 80'000u);
}

TEST(RequestParser, holds_no_more_than_its_limits) {
  RequestParser parser({1024, 8, 100'000});
  parser.feed(post("Content-Length: 100000\r\n"));
  EXPECT_LT(parser.held(), 4096u) << "a length that is only claimed costs nothing";
  for (int i = 0; i < 99; ++i) parser.feed(std::string(1000, 'a'));
  EXPECT_LT(parser.held(), 220'000u);
}

TEST(RequestParser, knows_who_waits_to_be_asked_on) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
  RequestParser waits(small());
  waits.feed(head);
  EXPECT_TRUE(waits.wants_continue());
  RequestParser goes_on(small());
  goes_on.feed(head + "a");
  EXPECT_FALSE(goes_on.wants_continue());
  RequestParser old(small());
  old.feed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_FALSE(old.wants_continue());
}

TEST(RequestParser, knows_who_stays) {
  const auto stays = [](const std::string& version, const std::string& lines) {
    RequestParser parser(small());
    parser.feed("GET / HTTP/" + version + "\r\nHost: h\r\n" + lines + "\r\n");
    return parser.keeps_alive();
  };
  EXPECT_TRUE(stays("1.1", ""));
  EXPECT_FALSE(stays("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(stays("1.1", "Connection: x, Close\r\n"));
  EXPECT_FALSE(stays("1.0", ""));
  EXPECT_TRUE(stays("1.0", "Connection: Keep-Alive\r\n"));
}

}  // namespace
}  // namespace cw::net
