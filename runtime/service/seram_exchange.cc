#include "service/seram_exchange.h"

#include "base/error.h"
#include "order_text_private.h"

namespace cw::service {

namespace {

using nlohmann::json;
using Status = SeramReport::Status;
using What = Judged::What;

constexpr int kVersion = 1;
constexpr size_t kNumbers = 3;  // enough to differ from the two orders before

/// `commands` as so many lists: as even as can be, the longer ones first; empty ones where there are too few.
std::vector<SeramApdus> cut(const std::vector<Bytes>& commands, size_t number) {
  std::vector<SeramApdus> out(number);
  size_t at = 0;
  for (size_t list = 0; list < number; ++list) {
    const size_t left = number - list;
    const size_t count = (commands.size() - at + left - 1) / left;
    out[list].commands.assign(commands.begin() + at, commands.begin() + at + count);
    at += count;
  }
  return out;
}

Judged foreign(std::string why) { return {What::foreign, {}, std::move(why)}; }

Report::Outcome outcome_of(Status status, bool whole) {
  switch (status) {
    case Status::unavailable_se:
      return Report::Outcome::unavailable;
    case Status::ungranted_access:
      return Report::Outcome::refused;
    case Status::processed:
    case Status::polling:
      return whole ? Report::Outcome::processed : Report::Outcome::stopped;
    case Status::unknown_failure:
      break;
  }
  return Report::Outcome::failed;
}

}  // namespace

size_t SeramExchange::next_number() const {
  size_t number = 1;
  while (number == last_ || number == before_last_) ++number;
  return number;
}

SeramExchange SeramExchange::after(size_t orders, bool reported, const std::string& element) {
  SeramExchange out;
  // As next_number() gives them, one after the other.
  if (orders > 0) out.last_ = (orders - 1) % kNumbers + 1;
  if (orders > 1) out.before_last_ = (orders - 2) % kNumbers + 1;
  out.started_ = reported;
  if (element.empty()) return out;
  try {
    const json in = json::parse(element);
    out.element_ = SecureElement{in.at(0), in.at(1), in.at(2)};
  } catch (const json::exception&) {
    damaged_session();
  }
  return out;
}

std::string SeramExchange::kept() const {
  if (!element_) return {};
  return json{element_->type, element_->id, element_->extra}.dump(-1, ' ', true, json::error_handler_t::replace);
}

void SeramExchange::put(Order order) {
  if (order_ || stopped_) {
    throw Error(ErrorKind::internal, order_ ? "an order is under way, and another one was put"
                                            : "the session was stopped, and an order was put");
  }
  if (order.commands.empty()) throw Error(ErrorKind::usage, "an order to a device needs at least one command");
  order_ = std::move(order);
  number_ = next_number();
  sent_ = false;
}

void SeramExchange::stop() {
  dropped();
  stopped_ = true;
}

void SeramExchange::end_order() {
  if (!order_) return;
  if (sent_) {
    before_last_ = last_;
    last_ = number_;
  }
  order_.reset();
  number_ = 0;
  sent_ = false;
}

void SeramExchange::taken() {
  end_order();
  started_ = true;
  notes_.clear();
}

void SeramExchange::dropped() { end_order(); }

/// Whether it saw what was sent last, it does not say.
Judged SeramExchange::polled() const {
  if (!order_ || !sent_ || !order_->once) return {What::polled, {}, {}};
  return {What::lost, {}, "the order was sent, and the device does not report it; it must not be sent twice"};
}

Judged SeramExchange::judge(const SeramReport& report) const {
  if (report.status == Status::polling) return polled();
  const uint64_t executed = report.executed;
  if (report.status == Status::processed && executed == 0) return polled();
  if (report.status == Status::processed && executed == last_) return {What::repeated, {}, {}};
  if (report.status == Status::processed && executed == before_last_) return {What::late, {}, {}};
  if (!order_ || !sent_) {
    // An error of the order before, once more.
    if (report.status != Status::processed && executed <= last_) return {What::repeated, {}, {}};
    return foreign("the device reports " + std::to_string(executed) + " commands, and none were sent to it");
  }
  if (executed > number_) {
    return foreign("the device reports " + std::to_string(executed) + " commands, and " + std::to_string(number_) +
                   " were sent to it");
  }
  const std::vector<SeramApdus> lists = cut(order_->commands, number_);
  for (size_t i = 0; i < report.responses.size() && report.status == Status::processed; ++i) {
    if (i >= executed || report.responses[i].size() != lists[i].commands.size()) {
      return foreign("the device reports other lists of answers than it was sent lists of commands");
    }
  }
  Judged out{What::reported, {}, {}};
  for (const std::vector<Bytes>& response : report.responses) {
    out.report.answers.insert(out.report.answers.end(), response.begin(), response.end());
  }
  const size_t answered = out.report.answers.size();
  const size_t asked = order_->commands.size();
  const bool whole = executed == number_ && report.status == Status::processed;
  if (whole ? answered != asked : answered > asked) {
    return foreign("the device reports " + std::to_string(answered) + " answers to " + std::to_string(asked) +
                   " commands");
  }
  out.report.outcome = outcome_of(report.status, whole);
  out.report.message = report.message;
  return out;
}

std::string SeramExchange::nothing(uint32_t delay) { return print_seram({.delay = delay}); }

std::string SeramExchange::answer(uint32_t delay) {
  SeramMessage message{.delay = delay};
  if (!order_ && !stopped_) return print_seram(message);
  if (order_ && order_->once && sent_) {
    throw Error(ErrorKind::internal, "an order that must not be sent twice would be sent again");
  }
  if (!started_) message.commands.emplace_back(SeramStart{});
  for (const std::string& note : notes_) message.commands.emplace_back(SeramNotification{note});
  if (order_) {
    message.element = element_;
    for (SeramApdus& apdus : cut(order_->commands, number_)) message.commands.emplace_back(std::move(apdus));
    sent_ = true;
  } else {
    message.commands.emplace_back(SeramStop{});
  }
  return print_seram(message);
}

std::string SeramExchange::text() const {
  json out{{"seram", kVersion},      {"sent", sent_},       {"number", number_},   {"last", last_},
           {"before", before_last_}, {"started", started_}, {"stopped", stopped_}, {"notes", notes_}};
  if (element_) out["element"] = {element_->type, element_->id, element_->extra};
  if (order_) out["order"] = order_to_json(*order_);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

SeramExchange SeramExchange::parse(std::string_view text) {
  try {
    const json in = json::parse(text);
    if (in.at("seram") != kVersion)
      throw Error(ErrorKind::store, "cannot read a kept session: another version wrote it");
    SeramExchange out;
    out.sent_ = in.at("sent");
    out.number_ = in.at("number");
    out.last_ = in.at("last");
    out.before_last_ = in.at("before");
    out.started_ = in.at("started");
    out.stopped_ = in.at("stopped");
    out.notes_ = in.at("notes").get<std::vector<std::string>>();
    if (in.contains("element")) {
      const json& element = in.at("element");
      out.element_ = SecureElement{element.at(0), element.at(1), element.at(2)};
    }
    if (in.contains("order")) out.order_ = order_from_json(in.at("order"));
    if (out.order_ ? out.number_ < 1 || out.number_ > kNumbers : out.sent_) damaged_session();
    return out;
  } catch (const json::exception&) {
    damaged_session();
  }
}

}  // namespace cw::service
