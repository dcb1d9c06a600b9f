#include "base/error.h"
#include "base/hex.h"
#include "order_text_private.h"
#include "service/ram_http.h"

namespace cw::service {

namespace {

using nlohmann::json;
using Outcome = Report::Outcome;
using Status = RamHttpRequest::Status;
using What = Judged::What;

constexpr int kVersion = 1;
constexpr const char* kProtocol = "globalplatform-remote-admin/1.0";
constexpr const char* kCommandType = "application/vnd.globalplatform.card-content-mgt;version=1.0";
constexpr size_t kRid = 5;

Judged foreign(std::string why) { return {What::foreign, {}, std::move(why)}; }

/// "//aid/A000000151/000000".
std::string target_of(ByteView aid) {
  const size_t rid = std::min(kRid, aid.size());
  return "//aid/" + to_hex(aid.first(rid)) + "/" + to_hex(aid.subspan(rid));
}

std::string bad_format(uint8_t type) {
  switch (type) {
    case 1:
      return "the device found an unknown tag in the script";
    case 2:
      return "the device found a wrong length in the script";
    case 3:
      return "the device found no length in the script";
    default:
      return "the device found the script to be of bad format " + to_hex(type);
  }
}

/// What the header says besides "ok".
void judge_status(Status status, Report& report) {
  switch (status) {
    case Status::ok:
      return;
    case Status::unknown_application:
      report.outcome = Outcome::refused;
      report.message = "the device knows no such application (unknown-application)";
      return;
    case Status::not_a_security_domain:
      report.outcome = Outcome::refused;
      report.message = "the application is no security domain (not-a-security-domain)";
      return;
    case Status::security_error:
      report.outcome = Outcome::refused;
      report.message = "the device refuses for security reasons (security-error)";
      return;
    case Status::unavailable_se:
      report.outcome = Outcome::unavailable;
      report.message = "the device has no secure element, or cannot reach it (unavailable-se)";
      return;
    case Status::temporarily_unavailable_application:
      report.outcome = Outcome::unavailable;
      report.message = "the application cannot be reached now (temporarily-unavailable-application)";
      return;
    case Status::script_format_error:
      report.outcome = Outcome::failed;
      report.message = "the device could not read the script (script-format-error)";
      return;
  }
}

}  // namespace

void RamHttpExchange::put(Order order) {
  if (order_ || stopped_) {
    throw Error(ErrorKind::internal, order_ ? "an order is under way, and another one was put"
                                            : "the session was stopped, and an order was put");
  }
  if (order.commands.empty()) throw Error(ErrorKind::usage, "an order to a device needs at least one command");
  order_ = std::move(order);
  sent_ = false;
  ++step_;
}

void RamHttpExchange::stop() {
  dropped();
  stopped_ = true;
}

Judged RamHttpExchange::polled() const {
  if (!order_ || !sent_ || !order_->once) return {What::polled, {}, {}};
  return {What::lost, {}, "the order was sent, and the device does not report it; it must not be sent twice"};
}

Judged RamHttpExchange::judge(const RamHttpRequest& request) const {
  const uint64_t given_out = order_ && !sent_ ? step_ - 1 : step_;
  const uint64_t step = request.step.value_or(0);
  if (step > given_out) return foreign("the device posts to step " + std::to_string(step) + ", which it was not given");
  if (!request.status) return polled();
  if (!request.step) return foreign("the device reports a script, and to no URI that it was given");
  if (!order_ || !sent_ || step < step_) return {What::repeated, {}, {}};
  return judge_report(request);
}

Judged RamHttpExchange::judge_report(const RamHttpRequest& request) const {
  Judged out{What::reported, {}, {}};
  Report& report = out.report;
  const ResponseScript script = request.script.value_or(ResponseScript{});
  const size_t asked = order_->commands.size();
  if (script.answers.size() > asked || script.executed.value_or(0) > asked) {
    return foreign("the device reports more answers than the " + std::to_string(asked) + " commands it was sent");
  }
  const bool ended_early = script.bad_format || script.suspension || script.chaining;
  if (script.executed && *script.executed != script.answers.size() && !ended_early) {
    return foreign("the device says that it executed " + std::to_string(*script.executed) + " commands, and brings " +
                   std::to_string(script.answers.size()) + " answers");
  }
  report.answers = script.answers;
  report.outcome = script.answers.size() == asked ? Outcome::processed : Outcome::stopped;
  if (ended_early) {
    report.outcome = Outcome::failed;
    report.message =
        script.bad_format ? bad_format(*script.bad_format) : "the device could not suspend or chain a script";
  }
  judge_status(*request.status, report);
  return out;
}

net::ServerAnswer RamHttpExchange::answer(std::string_view path, unsigned delay) {
  net::ServerAnswer out{.status = 204, .headers = {{"X-Admin-Protocol", kProtocol}}, .body = {}};
  if (stopped_) return out;
  if (order_ && order_->once && sent_) {
    throw Error(ErrorKind::internal, "an order that must not be sent twice would be sent again");
  }
  out.headers.emplace_back("X-Admin-Next-URI", std::string(path) + "?step=" + std::to_string(step_));
  if (!order_) {
    out.headers.emplace_back("Retry-After", std::to_string(delay));
    return out;
  }
  out.status = 200;
  if (!aid_.empty()) out.headers.emplace_back("X-Admin-Targeted-Application", target_of(aid_));
  out.headers.emplace_back("Content-Type", kCommandType);
  out.body = to_string(print_command_script(order_->commands, coding_));
  sent_ = true;
  return out;
}

std::string RamHttpExchange::text() const {
  json out{{"ram-http", kVersion}, {"definite", coding_ == ScriptCoding::definite},
           {"aid", to_hex(aid_)},  {"sent", sent_},
           {"stopped", stopped_},  {"step", step_}};
  if (order_) out["order"] = order_to_json(*order_);
  return out.dump();
}

RamHttpExchange RamHttpExchange::parse(std::string_view text) {
  try {
    const json in = json::parse(text);
    if (in.at("ram-http") != kVersion) {
      throw Error(ErrorKind::store, "cannot read a kept session: another version wrote it");
    }
    RamHttpExchange out(in.at("definite") ? ScriptCoding::definite : ScriptCoding::indefinite);
    out.aid_ = from_hex(in.at("aid").get<std::string>());
    out.sent_ = in.at("sent");
    out.stopped_ = in.at("stopped");
    out.step_ = in.at("step");
    if (in.contains("order")) out.order_ = order_from_json(in.at("order"));
    return out;
  } catch (const json::exception&) {
    damaged_session();
  }
}

}  // namespace cw::service
