// An answer as the bytes that are sent.
#pragma once

#include <ctime>
#include <string>

#include "net/request_parser.h"
#include "net/server_request.h"

namespace cw::net {

/// Raises usage: a status that is none, a header that cannot be sent or is the server's own.
void check_answer(const ServerAnswer& answer);

/// How one answer goes out.
struct AnswerFrame {
  bool head_only = false;   // to HEAD
  bool http_1_0 = false;    // keeping the connection has to be said
  bool keep_alive = false;  // else Connection: close
  std::string_view date{};
};
std::string answer_text(const ServerAnswer& answer, const AnswerFrame& frame);

/// RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t now);

/// The server's own answer, one line for people to read.
ServerAnswer plain_answer(int status, std::string_view why);

}  // namespace cw::net
