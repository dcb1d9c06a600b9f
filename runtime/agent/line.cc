#include "agent/line.h"

#include <algorithm>
#include <thread>

#include "base/error.h"

namespace cw::agent {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLook{20};

bool may_pass(int status) { return status == 429 || status >= 500; }

}  // namespace

std::string shown_session(std::string_view session) {
  constexpr size_t kShown = 40;  // a UUID is as long as that
  return session.size() <= kShown ? std::string(session) : std::string(session.substr(0, 8)) + "...";
}

std::string shown_url(std::string_view url) {
  const std::string_view path = url.substr(0, url.find('?'));
  const size_t last = path.rfind('/') + 1;
  return std::string(path.substr(0, last)) + shown_session(path.substr(last));
}

namespace {

/// What an error says of its URL, without the session that may be in its path.
std::string without_session(std::string text, std::string_view url) {
  const std::string_view path = url.substr(0, url.find('?'));
  const std::string session(path.substr(path.rfind('/') + 1));
  const std::string shown = shown_session(session);
  if (shown == session) return text;
  for (size_t at = text.find(session); at != std::string::npos; at = text.find(session, at + shown.size())) {
    text.replace(at, session.size(), shown);
  }
  return text;
}

}  // namespace

bool Line::pause(milliseconds time) const {
  const Clock::time_point end = Clock::now() + time;
  while (!interrupted()) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left <= milliseconds(0)) return true;
    std::this_thread::sleep_for(std::min(left, kLook));
  }
  return false;
}

std::optional<net::HttpResponse> Line::one_try(const net::HttpRequest& request, std::string& why) const {
  try {
    net::HttpResponse response = net::send(request, setup_.http);
    if (!may_pass(response.status)) return response;
    why = "the server answered with status " + std::to_string(response.status);
  } catch (const Error& error) {
    // What cannot be sent at all does not get better.
    if (error.kind() != ErrorKind::http) throw;
    why = without_session(error.message(), request.url);
  }
  return {};
}

std::optional<net::HttpResponse> Line::post(const std::string& url, const net::Headers& headers,
                                            const std::string& body, const std::pair<std::string, std::string>& again) {
  net::HttpRequest request{"POST", url, headers, body};
  const Clock::time_point end = Clock::now() + setup_.patience;
  milliseconds wait = setup_.first_wait;
  for (bool first = true; !interrupted(); first = false) {
    if (!first && !again.first.empty() && request.headers.size() == headers.size()) request.headers.push_back(again);
    std::string why;
    if (auto response = one_try(request, why)) return response;
    if (interrupted()) break;
    if (Clock::now() + wait > end) {
      throw Error(ErrorKind::http, "the agent gives up after " + std::to_string(setup_.patience.count() / 1000) +
                                       " s without an answer: " + why);
    }
    follower_.said("no answer, and once more in " + std::to_string(wait.count()) + " ms: " + why);
    if (!pause(wait)) break;
    wait = std::min(wait * 2, setup_.longest_wait);
  }
  return {};
}

}  // namespace cw::agent
