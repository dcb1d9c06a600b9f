// A device's POST of RAM over HTTP: a URI in the first line, headers up to an empty line, then the body. Read or
// refused; what was read is in the body as it says.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "service/ram_http.h"

using namespace cw;
using namespace cw::service;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// Each R-APDU stands in the body, and all fit into it.
void check(const ResponseScript& script, ByteView body) {
  require(script.answers.size() <= kMaxScriptAnswers);
  size_t sum = 0;
  for (const Bytes& answer : script.answers) {
    require(answer.size() >= 2);
    sum += answer.size() + 2;
    require(std::search(body.begin(), body.end(), answer.begin(), answer.end()) != body.end());
  }
  require(sum <= body.size());
}

void judge(const RamHttpRequest& request) {
  for (const bool once : {false, true}) {
    RamHttpExchange exchange;
    exchange.put({std::vector<Bytes>(2, Bytes{0x80, 0xCA, 0x9F, 0x7F, 0x00}), once});
    exchange.answer("/ram", 0);
    const Judged judged = exchange.judge(request);
    require(RamHttpExchange::parse(exchange.text()) == exchange);
    if (judged.what == Judged::What::reported) require(judged.report.answers.size() <= 2 && request.step == 1);
    if (judged.what == Judged::What::lost) require(once);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    check(read_response_script({data, size}), {data, size});
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage);
  }
  const std::string target(take_line(text));
  net::Headers headers;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos) headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  try {
    const RamHttpRequest request = read_ram_http(target, headers, text);
    require(!request.from.empty() && (!request.script || request.status));
    judge(request);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage && error.message().find('\n') == std::string::npos);
  }
  return 0;
}
