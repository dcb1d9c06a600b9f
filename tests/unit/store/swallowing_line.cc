#include "swallowing_line.h"

#include <array>
#include <cstring>
#include <list>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::store {

namespace {

const char* const kSocket = "/.s.PGSQL.5432";

/// A socket that listens there, or is connected to it.
int open_socket(const std::string& path, bool listens) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  const int done = listens ? ::bind(fd, at, sizeof(address)) : ::connect(fd, at, sizeof(address));
  if (fd < 0 || done != 0 || (listens && ::listen(fd, 16) != 0)) {
    throw Error(ErrorKind::reader, "no socket " + path + ": " + std::strerror(errno));
  }
  return fd;
}

struct Session {
  int client = -1;
  int server = -1;
  bool deaf = false;  // what the client sends is lost from here on
};

/// What came, or nothing: the other side is gone.
std::string_view received(int fd, std::array<char, 65536>& buffer) {
  const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
  return {buffer.data(), static_cast<size_t>(size > 0 ? size : 0)};
}

void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // seen when it is read from
    data.remove_prefix(static_cast<size_t>(sent));
  }
}

}  // namespace

SwallowingLine::SwallowingLine(const std::string& url, const std::filesystem::path& folder) {
  const size_t host = url.find("host=") + 5;
  server_ = url.substr(host);
  for (size_t at = server_.find("%2F"); at != std::string::npos; at = server_.find("%2F")) server_.replace(at, 3, "/");
  const std::filesystem::path own = folder / "line";
  std::filesystem::create_directory(own);
  url_ = url.substr(0, host);
  for (const char each : own.string()) url_ += each == '/' ? std::string("%2F") : std::string(1, each);
  listener_ = open_socket(own.string() + kSocket, true);
  thread_ = std::thread([this] { carry(); });
}

SwallowingLine::~SwallowingLine() {
  ends_ = true;
  thread_.join();
  ::close(listener_);
}

void SwallowingLine::carry() {
  std::list<Session> sessions;
  std::array<char, 65536> buffer{};
  while (!ends_) {
    std::vector<pollfd> all = {{listener_, POLLIN, 0}};
    for (const Session& each : sessions) {
      all.push_back({each.client, POLLIN, 0});
      all.push_back({each.server, POLLIN, 0});
    }
    ::poll(all.data(), all.size(), 20);
    size_t at = 1;
    for (auto each = sessions.begin(); each != sessions.end(); at += 2) {
      bool over = false;
      if (all[at].revents != 0) {
        const std::string_view data = received(each->client, buffer);
        over = data.empty();
        if (!each->deaf && swallows_ && data.find("COMMIT") != data.npos) {
          each->deaf = true;
          ::close(std::exchange(each->server, -1));  // it rolls back, and says nothing that the client hears
          ++swallowed_;
        }
        if (!each->deaf) send_all(each->server, data);
      }
      if (!over && !each->deaf && all[at + 1].revents != 0) {
        const std::string_view data = received(each->server, buffer);
        over = data.empty();
        send_all(each->client, data);
      }
      if (over) {
        ::close(each->client);
        if (each->server >= 0) ::close(each->server);
        each = sessions.erase(each);
      } else {
        ++each;
      }
    }
    if (all[0].revents != 0) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) sessions.push_back({client, open_socket(server_ + kSocket, false)});
    }
  }
  for (const Session& each : sessions) {
    ::close(each.client);
    if (each.server >= 0) ::close(each.server);
  }
}

}  // namespace cw::store
