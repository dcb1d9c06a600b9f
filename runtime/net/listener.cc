#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"
#include "listener_private.h"

namespace cw::net {

namespace {

[[noreturn]] void refuse(const std::string& address, const std::string& why) {
  throw Error(ErrorKind::usage, "cannot listen on " + address + ": " + why);
}

template <class Kind>
const sockaddr* as_address(const Kind& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

uint16_t parse_port(const std::string& address, std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    refuse(address, "the port must be a number from 0 to 65535");
  }
  return port;
}

std::string text_of(const sockaddr_storage& address, std::string* client) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    // One customer has a network of 64 bits at the least, and may use every address in it.
    if (client) client->assign(reinterpret_cast<const char*>(&v6.sin6_addr), 8);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  if (client) client->assign(reinterpret_cast<const char*>(&v4.sin_addr), 4);
  return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
}

/// Whether somebody listens there; if nobody does, the file is what a process left that was killed.
bool answers(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), as_address(address), sizeof address) == 0 || errno != ECONNREFUSED;
}

}  // namespace

Listener::Listener(const std::string& address) : address_(address) {
  if (address.starts_with("unix:")) {
    listen_on_path(address.substr(5));
  } else if (address.starts_with("fd:")) {
    take_over(address.substr(3));
  } else {
    listen_on_number(address);
  }
}

Listener::~Listener() {
  if (path_.empty()) return;
  struct stat now {};
  if (::stat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == file_) ::unlink(path_.c_str());
}

void Listener::listen_on_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    refuse(address_, "the path of a unix socket has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());

  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) refuse(address_, "there is a file that is no socket; name another path");
    if (answers(address)) refuse(address_, "another process listens there; stop it, or name another path");
    ::unlink(path.c_str());
  }
  fd_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Nobody can connect before listen(), so the mode is right before anybody can use it.
  struct stat made {};
  if (::bind(fd_.get(), as_address(address), sizeof address) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::stat(path.c_str(), &made) != 0 || ::listen(fd_.get(), SOMAXCONN) != 0) {
    refuse(address_, std::strerror(errno));
  }
  is_unix_ = true;
  path_ = path;
  device_ = made.st_dev;
  file_ = made.st_ino;
}

void Listener::listen_on_number(const std::string& text) {
  const size_t colon = text.rfind(':');
  const std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']' &&
                     ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) == 1;
  if (!is_v6 && ::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) {
    refuse(text, "it must be 127.0.0.1:8443, [::1]:8443 or unix:/path, with numbers and no names");
  }
  const uint16_t port = parse_port(text, std::string_view(text).substr(colon + 1));
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);

  fd_ = Fd(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_v6) ::setsockopt(fd_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const int bound = is_v6 ? ::bind(fd_.get(), as_address(v6), sizeof v6) : ::bind(fd_.get(), as_address(v4), sizeof v4);
  if (bound != 0 || ::listen(fd_.get(), SOMAXCONN) != 0) refuse(text, std::strerror(errno));

  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size);
  address_ = text_of(name, nullptr);
  port_ = ntohs(is_v6 ? reinterpret_cast<const sockaddr_in6&>(name).sin6_port
                      : reinterpret_cast<const sockaddr_in&>(name).sin_port);
}

void Listener::take_over(const std::string& number) {
  int fd = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fd);
  int listens = 0;
  socklen_t size = sizeof listens;
  if (error != std::errc() || end != number.data() + number.size() ||
      ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    refuse(address_, "no socket that listens has this number");
  }
  fd_ = Fd(fd);
  sockaddr_storage name{};
  size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  is_unix_ = name.ss_family == AF_UNIX;
  if (is_unix_) {
    address_ = std::string("unix:") + reinterpret_cast<const sockaddr_un&>(name).sun_path;
  } else {
    address_ = text_of(name, nullptr);
    port_ = ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(name).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(name).sin_port);
  }
}

Fd Listener::accept(Peer& peer, std::string& client) const {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) return fd;
  if (!is_unix_) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peer.address = text_of(name, &client);
    return fd;
  }
  ucred user{};
  socklen_t user_size = sizeof user;
  peer.address = "unix";
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &user, &user_size) == 0) {
    peer.user = LocalUser{user.uid, user.pid};
    client = "uid " + std::to_string(user.uid);
  }
  return fd;
}

}  // namespace cw::net
