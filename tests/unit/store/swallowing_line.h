// A line to a PostgreSQL on which a COMMIT gets lost when the story says so: the server never hears of it, and nobody
// gets an answer.
//
// Owner: a story. Its own thread does the work.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

namespace cw::store {

class SwallowingLine {
 public:
  /// `url`: of an OwnServer. In a folder below `folder`. Raises reader: no socket.
  SwallowingLine(const std::string& url, const std::filesystem::path& folder);
  ~SwallowingLine();
  SwallowingLine(const SwallowingLine&) = delete;
  SwallowingLine& operator=(const SwallowingLine&) = delete;

  /// For those who are to come through here.
  const std::string& url() const { return url_; }
  void swallow(bool commits) { swallows_ = commits; }
  /// So many COMMITs are lost.
  int swallowed() const { return swallowed_; }

 private:
  void carry();

  std::string server_;  // its socket
  std::string url_;
  int listener_ = -1;
  std::atomic<bool> swallows_ = false;
  std::atomic<bool> ends_ = false;
  std::atomic<int> swallowed_ = 0;
  std::thread thread_;
};

}  // namespace cw::store
