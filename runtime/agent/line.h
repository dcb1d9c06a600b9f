// The line to the server: one request until its answer is there. A request whose answer is lost goes out again, with
// growing pauses and for a bounded time.
//
// Owner: an agent. One thread at a time.
#pragma once

#include <optional>
#include <string_view>

#include "agent/follower.h"
#include "agent/setup.h"

namespace cw::agent {

class Line {
 public:
  /// Both are borrowed.
  Line(const Setup& setup, Follower& follower) : setup_(setup), follower_(follower) {}

  /// POST. The answer, of any status but 429 and 5xx, which are tried again as a lost one is; nothing: interrupted.
  /// `again`: a header for all tries but the first; empty name: none. Raises http: not one answer within the patience.
  /// Raises usage: what cannot be sent at all.
  std::optional<net::HttpResponse> post(const std::string& url, const net::Headers& headers, const std::string& body,
                                        const std::pair<std::string, std::string>& again = {});

  /// False: interrupted.
  bool pause(std::chrono::milliseconds time) const;
  bool interrupted() const { return setup_.http.stop != nullptr && *setup_.http.stop; }

 private:
  std::optional<net::HttpResponse> one_try(const net::HttpRequest& request, std::string& why) const;

  const Setup& setup_;
  Follower& follower_;
};

/// The URL without its query, for messages.
std::string shown_url(std::string_view url);
/// A session as people may see it: one that is a ticket opens more than this session.
std::string shown_session(std::string_view session);

}  // namespace cw::agent
