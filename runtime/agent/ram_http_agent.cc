#include "agent/ram_http_agent.h"

#include <charconv>

#include "base/error.h"
#include "base/hex.h"

namespace cw::agent {

namespace {

using std::chrono::milliseconds;

constexpr const char* kProtocol = "globalplatform-remote-admin/1.0";
constexpr const char* kResponseType = "application/vnd.globalplatform.card-content-mgt-response;version=1.0";
constexpr std::string_view kCommandType = "application/vnd.globalplatform.card-content-mgt";
constexpr milliseconds kPollPause{1000};
constexpr unsigned kLongestPause = 300;  // seconds
constexpr size_t kMaxAid = 16;

[[noreturn]] void refuse(const std::string& url, const std::string& why) {
  throw Error(ErrorKind::http, "POST " + shown_url(url) + ": " + why);
}

/// Retry-After in seconds; what is none is not looked at.
milliseconds pause_of(const net::HttpResponse& response) {
  const std::string* text = net::find_header(response.headers, "Retry-After");
  unsigned seconds = 0;
  if (text == nullptr) return kPollPause;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return kPollPause;
  return std::chrono::seconds(std::min(seconds, kLongestPause));
}

/// SELECT by AID for "//aid/<RID>/<PIX>"; empty: it is none.
Bytes select_of(std::string_view target) {
  constexpr std::string_view kBegin = "//aid/";
  if (!target.starts_with(kBegin)) return {};
  std::string digits(target.substr(kBegin.size()));
  const size_t slash = digits.find('/');
  if (slash == std::string::npos) return {};
  digits.erase(slash, 1);
  if (digits.empty() || digits.size() % 2 != 0 || digits.size() > 2 * kMaxAid ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    return {};
  }
  const Bytes aid = from_hex(digits);
  Bytes out{0x00, 0xA4, 0x04, 0x00, static_cast<uint8_t>(aid.size())};
  append(out, aid);
  out.push_back(0x00);
  return out;
}

}  // namespace

RamHttpAgent::RamHttpAgent(const Setup& setup, Relay& relay, Follower& follower)
    : setup_(setup), relay_(relay), follower_(follower), line_(setup, follower) {
  const size_t host = setup.server.find("://");
  if (host == std::string::npos) {
    throw Error(ErrorKind::usage, "the server is named by a URL, https://HOST/PATH");
  }
  origin_ = setup.server.substr(0, setup.server.find_first_of("/?#", host + 3));
}

std::string RamHttpAgent::next_url(const std::string& uri, const std::string& from) const {
  if (uri == origin_ || uri.starts_with(origin_ + "/") || uri.starts_with(origin_ + "?")) return uri;
  if (uri.starts_with("/") && !uri.starts_with("//")) return origin_ + uri;
  if (uri.starts_with("?")) return from.substr(0, from.find('?')) + uri;
  refuse(from, "X-Admin-Next-URI is no path at this server, and the agent goes to no other");
}

net::Headers RamHttpAgent::headers_of(const Outgoing& outgoing) const {
  net::Headers out{{"X-Admin-Protocol", kProtocol},
                   {"X-Admin-From", "//se-id/CUD/" + setup_.se_id + ";//aa-id/session/" + setup_.session}};
  if (!outgoing.status.empty()) out.emplace_back("X-Admin-Script-Status", outgoing.status);
  if (!outgoing.body.empty()) out.emplace_back("Content-Type", kResponseType);
  return out;
}

bool RamHttpAgent::select(const std::string& target) {
  if (target == selected_) return true;
  const Bytes command = select_of(target);
  if (command.empty() || !goes_on(relay_.send(command))) return false;
  selected_ = target;
  return true;
}

void RamHttpAgent::execute(ByteView body, const std::string* target, Outgoing& outgoing) {
  const CommandScript script = read_script(body);
  std::vector<Bytes> answers;
  outgoing.status = "ok";
  try {
    if (target != nullptr && !select(*target)) {
      outgoing.status = "unknown-application";
      follower_.said("the application that the script is for is not on the card; nothing of it was sent");
      outgoing.body = print_answers({}, script);
      return;
    }
    for (const Bytes& command : script.commands) {
      if (line_.interrupted()) break;
      answers.push_back(relay_.send(command));
      if (!goes_on(answers.back())) break;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::reader && error.kind() != ErrorKind::usage) throw;
    selected_.clear();
    // GPD_SPE_008: with a card that is not there, no script response; else what there is of it.
    const bool reader = error.kind() == ErrorKind::reader;
    outgoing.status = !reader           ? "script-format-error"
                      : answers.empty() ? "unavailable-se"
                                        : "temporarily-unavailable-application";
    follower_.said(error.message());
  }
  if (outgoing.status != "unavailable-se") outgoing.body = print_answers(answers, script);
  follower_.said(script.bad ? "a script could not be read; nothing of it was sent"
                            : std::to_string(answers.size()) + " of " + std::to_string(script.commands.size()) +
                                  (script.commands.size() == 1 ? " command" : " commands") + " carried out");
}

bool RamHttpAgent::take(const net::HttpResponse& response, Outgoing& outgoing) {
  const std::string url = outgoing.url;
  if (response.status != 200 && response.status != 204) {
    refuse(url, "the server answered with status " + std::to_string(response.status));
  }
  const std::string* next = net::find_header(response.headers, "X-Admin-Next-URI");
  outgoing = Outgoing();
  if (next != nullptr) outgoing.url = next_url(*next, url);
  if (response.status == 200) {
    const std::string* type = net::find_header(response.headers, "Content-Type");
    if (type == nullptr || !net::same_word(type->substr(0, type->find(';')), kCommandType)) {
      refuse(url, "the server's answer is no " + std::string(kCommandType));
    }
    execute(view(response.body), net::find_header(response.headers, "X-Admin-Targeted-Application"), outgoing);
    follower_.carried_out();
  }
  return next != nullptr;
}

End RamHttpAgent::run() {
  Outgoing outgoing{.url = setup_.server};
  follower_.said("session " + shown_session(setup_.session) + " at " + shown_url(setup_.server));
  while (true) {
    const auto response =
        line_.post(outgoing.url, headers_of(outgoing), to_string(outgoing.body), {"X-Admin-Resume", "true"});
    if (!response) return End::interrupted;
    if (!take(*response, outgoing)) {
      follower_.said("the server ended the session");
      return End::by_server;
    }
    if (response->status == 204 && !line_.pause(pause_of(*response))) return End::interrupted;
  }
}

}  // namespace cw::agent
