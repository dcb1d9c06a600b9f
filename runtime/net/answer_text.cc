#include <array>
#include <cstdio>

#include "answer_text_private.h"
#include "base/error.h"
#include "net/headers.h"

namespace cw::net {

namespace {

constexpr std::array<std::string_view, 7> kOwn = {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
                                                  "Date",           "Trailer",           "Upgrade"};

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";  // RFC 9112 4: it may be empty, and nobody is to read it
  }
}

void put_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void check_answer(const ServerAnswer& answer) {
  if (answer.status < 200 || answer.status > 599) {
    throw Error(ErrorKind::usage, "cannot answer an HTTP request with status " + std::to_string(answer.status) +
                                      "; 200 to 599 are answers");
  }
  for (const auto& [name, value] : answer.headers) {
    if (!is_token(name)) {
      throw Error(ErrorKind::usage, "cannot answer with an HTTP header: its name must be letters, digits and '-'");
    }
    if (!is_field_value(value)) {
      throw Error(ErrorKind::usage, "cannot answer with HTTP header " + name +
                                        ": its value has a line end or another control character in it");
    }
    for (const std::string_view own : kOwn) {
      if (same_word(name, own)) {
        throw Error(ErrorKind::usage, "cannot answer with HTTP header " + name + ": the server sets it itself");
      }
    }
  }
}

std::string answer_text(const ServerAnswer& answer, const AnswerFrame& frame) {
  const bool has_body = answer.status != 204 && answer.status != 304;
  std::string out;
  out.reserve(256 + (frame.head_only || !has_body ? 0 : answer.body.size()));
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
  out.append(reason_phrase(answer.status)).append("\r\n");
  put_header(out, "Date", frame.date);
  for (const auto& [name, value] : answer.headers) put_header(out, name, value);
  if (has_body) put_header(out, "Content-Length", std::to_string(answer.body.size()));
  if (!frame.keep_alive) {
    put_header(out, "Connection", "close");
  } else if (frame.http_1_0) {
    put_header(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
  if (has_body && !frame.head_only) out.append(answer.body);
  return out;
}

std::string http_date(std::time_t now) {
  // Not strftime: the words are English whatever the locale is.
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm time{};
  ::gmtime_r(&now, &time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT", kDays[static_cast<size_t>(time.tm_wday)],
                time.tm_mday, kMonths[static_cast<size_t>(time.tm_mon)], time.tm_year + 1900, time.tm_hour, time.tm_min,
                time.tm_sec);
  return text.data();
}

ServerAnswer plain_answer(int status, std::string_view why) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(why) + "\n"};
}

}  // namespace cw::net
