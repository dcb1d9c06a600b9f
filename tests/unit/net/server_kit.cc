#include "server_kit.h"

#include <array>
#include <cstdio>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cw::net {

bool comes_true(const std::function<bool()>& what) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!what()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "cw_net_XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RawClient::RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::perror("connect");
}

RawClient::RawClient(const std::filesystem::path& unix_socket) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, unix_socket.c_str(), sizeof address.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::perror("connect");
}

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawClient::end() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::more() {
  pollfd ready{fd_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(kPatience.count())) <= 0) {
    buffer_ += "(nothing more came, and the connection stayed open)";
    return false;
  }
  std::array<char, 65536> room{};
  const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
  if (got > 0) buffer_.append(room.data(), static_cast<size_t>(got));
  return got > 0;
}

std::string RawClient::rest() {
  while (more()) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::until(std::string_view mark) {
  while (buffer_.find(mark) == std::string::npos) {
    if (!more()) return std::exchange(buffer_, {});
  }
  const size_t end = buffer_.find(mark) + mark.size();
  std::string out = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return out;
}

std::string converse(uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  return client.rest();
}

Ran shell(const std::string& command) {
  Ran out;
  FILE* pipe = ::popen(("{ " + command + "\n} 2>&1 </dev/null").c_str(), "re");
  if (!pipe) return {-1, "popen failed"};
  std::array<char, 4096> room{};
  while (const size_t got = std::fread(room.data(), 1, room.size(), pipe)) out.output.append(room.data(), got);
  const int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

std::string get(const std::string& target, const std::string& lines) {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

void echo(ServerRequest request, Reply reply) {
  ServerAnswer answer;
  answer.headers = {{"Content-Type", "text/plain"}};
  answer.body = request.method + " " + request.target + "\n" + request.body;
  reply.send(std::move(answer));
}

ServerSetup setup(Handler handler) {
  ServerSetup out;
  out.listen = "127.0.0.1:0";
  out.handler = std::move(handler);
  out.hooks.problem = [](std::string_view) {};
  return out;
}

}  // namespace cw::net
