// Messages of a stranger over GP SERAM: read or refused; and whatever was reported, the session stands, goes on from
// its text, and prints no order twice that must not be.
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "service/seram.h"
#include "service/seram_exchange.h"

using namespace cw;
using namespace cw::service;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Action>
bool raises(ErrorKind kind, Action&& action) {
  try {
    action();
    return false;
  } catch (const Error& error) {
    require(error.kind() == kind && !error.message().empty());
    require(error.message().find('\n') == std::string::npos && error.message().size() < 1000);
    return true;
  }
}

SeramExchange with_order(bool once) {
  SeramExchange exchange;
  exchange.put({{Bytes{0x80, 0xCA, 0x9F, 0x7F, 0x00}}, false});
  exchange.answer(0);
  exchange.taken();
  exchange.put({std::vector<Bytes>(5, Bytes{0x80, 0xE8, 0x00, 0x00}), once});
  exchange.answer(0);
  return exchange;
}

void report_to(const SeramExchange& exchange, const SeramReport& report) {
  const SeramExchange before = exchange;
  const Judged judged = exchange.judge(report);
  require(exchange == before);
  require(SeramExchange::parse(exchange.text()) == exchange);
  if (judged.what == Judged::What::reported) require(judged.report.answers.size() <= exchange.order()->commands.size());
  if (judged.what == Judged::What::lost) require(exchange.order()->once);
  if (judged.what == Judged::What::foreign) require(!judged.why.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  raises(ErrorKind::usage, [&] { require(!seram_call(text) || !seram_call(text)->session.empty()); });
  raises(ErrorKind::usage, [&] { answer_seram_handshake(read_seram_handshake(text)); });
  raises(ErrorKind::usage, [&] {
    const SeramReport report = read_seram_report(text);
    for (const bool once : {false, true}) report_to(with_order(once), report);
    report_to(SeramExchange(), report);
  });
  raises(ErrorKind::store, [&] {
    SeramExchange exchange = SeramExchange::parse(text);
    require(SeramExchange::parse(exchange.text()) == exchange);
    raises(ErrorKind::internal, [&] { require(!exchange.answer(0).empty()); });
  });
  return 0;
}
