// What the stories about the server share: a server with a handler, a client of bare bytes, other people's programs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/demo_certificates.h"
#include "net/http_server.h"

namespace cw::net {

using std::chrono::milliseconds;

/// Long enough for a slow machine; nothing waits so long unless it is broken.
constexpr milliseconds kPatience{20'000};

/// Whether it came true, looking now and then.
bool comes_true(const std::function<bool()>& what);

/// A folder of this test's own, gone at its end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Bytes over a socket, and nothing that knows HTTP.
class RawClient {
 public:
  explicit RawClient(uint16_t port);
  explicit RawClient(const std::filesystem::path& unix_socket);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Whether all of it went out.
  bool send(std::string_view bytes);
  void end();  // closes its own direction
  /// All until the server closes.
  std::string rest();
  /// Up to and including `mark`, or all there was.
  std::string until(std::string_view mark);

 private:
  bool more();
  int fd_ = -1;
  std::string buffer_;
};

/// The whole conversation: sends, and reads until the server closes.
std::string converse(uint16_t port, std::string_view bytes);

struct Ran {
  int status = 0;
  std::string output{};  // standard output and error
};
/// A command line of another program.
Ran shell(const std::string& command);

/// "GET / HTTP/1.1", "Host: h" and these lines.
std::string get(const std::string& target = "/", const std::string& lines = "");

/// Answers with what it was asked: method, target, and the body.
void echo(ServerRequest request, Reply reply);

ServerSetup setup(Handler handler = echo);

}  // namespace cw::net
