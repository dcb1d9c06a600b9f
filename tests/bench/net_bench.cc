// What the HTTP server costs above bare sockets: processor time of a request over a connection that is kept, plain and
// through TLS, beside a server that sends as many bytes back and knows nothing; and the memory of an idle connection.
//
// The clients are a process of their own, so the time is the server's alone. Prints rows of docs/PERFORMANCE.md.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/demo_certificates.h"
#include "net/http_server.h"

namespace cw::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnections = 8;
constexpr int kTurns = 5;
constexpr std::chrono::milliseconds kTurn{600};
constexpr size_t kIdle = 1000;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "net_bench: %s\n", what);
  std::exit(1);
}

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);  // with one core only, all share it
}

std::string request() {
  return "POST /report HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n" +
         std::string(200, 'x');
}

/// One connection of the client's process, with or without TLS.
class Client {
 public:
  Client(uint16_t port, SSL_CTX* tls) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!tls) return;
    ssl_ = SSL_new(tls);
    if (SSL_set_fd(ssl_, fd_) != 1 || SSL_connect(ssl_) != 1) fail("no TLS");
  }
  ~Client() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& bytes) {
    const auto size = static_cast<int>(bytes.size());
    const auto sent = ssl_ ? SSL_write(ssl_, bytes.data(), size) : ::send(fd_, bytes.data(), bytes.size(), 0);
    if (sent != size) fail("send");
  }
  /// An answer of this size, or, if that is not known, whatever comes.
  size_t receive(size_t size) {
    std::array<char, 4096> room{};
    size_t all = 0;
    do {
      const auto got = ssl_ ? SSL_read(ssl_, room.data(), room.size()) : ::recv(fd_, room.data(), room.size(), 0);
      if (got <= 0) fail("receive");
      all += static_cast<size_t>(got);
    } while (all < size);
    return all;
  }

 private:
  int fd_;
  SSL* ssl_ = nullptr;
};

using Clients = std::vector<std::unique_ptr<Client>>;

Clients connect(int count, uint16_t port, SSL_CTX* tls) {
  Clients out;
  for (int i = 0; i < count; ++i) out.push_back(std::make_unique<Client>(port, tls));
  return out;
}

struct Ports {
  std::array<uint16_t, 3> of{};  // bare sockets, plain, TLS
};

/// What the clients' process says: a turn begins, or ended after so many requests.
struct Word {
  long done = -1;
};

void say(int out, Word word) {
  if (::write(out, &word, sizeof word) != sizeof word) fail("nobody listens");
}

Word hear(int in) {
  Word word;
  if (::read(in, &word, sizeof word) != sizeof word) fail("the other process is gone");
  return word;
}

/// One turn: on each connection a request, then the answers, again and again.
void load(uint16_t port, SSL_CTX* tls, int in, int out) {
  const Clients clients = connect(kConnections, port, tls);
  const std::string one = request();
  for (const auto& client : clients) client->send(one);
  size_t answer = 0;
  for (const auto& client : clients) answer = client->receive(0);
  say(out, {});
  hear(in);
  long done = 0;
  const auto begin = Clock::now();
  while (Clock::now() - begin < kTurn) {
    for (const auto& client : clients) client->send(one);
    for (const auto& client : clients) client->receive(answer);
    done += kConnections;
  }
  say(out, {done});
  hear(in);
}

/// The clients' process: reads the ports, makes its turns, then holds idle connections until it is told to end.
[[noreturn]] void be_clients(int in, int out, const PemFiles& mine) {
  pin(1);
  Ports ports;
  if (::read(in, &ports, sizeof ports) != sizeof ports) fail("no ports");
  SSL_CTX* tls = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_use_certificate_chain_file(tls, mine.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, mine.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    fail("no client certificate");
  }
  for (int turn = 0; turn < kTurns; ++turn) {
    for (size_t kind = 0; kind < ports.of.size(); ++kind) load(ports.of[kind], kind == 2 ? tls : nullptr, in, out);
  }
  hear(in);
  Clients idle;
  while (idle.size() < kIdle) {
    idle.push_back(std::make_unique<Client>(ports.of[2], tls));
    idle.back()->send(request());
    idle.back()->receive(0);
  }
  say(out, {});
  hear(in);
  ::_exit(0);
}

/// Microseconds of this process, all threads: what the servers use, since the clients are elsewhere.
double used() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// Microseconds for a request of each kind: the median of the turns.
std::array<double, 3> listen_to_turns(int in, int out) {
  std::array<std::vector<double>, 3> all;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (auto& kind : all) {
      hear(in);
      const double before = used();
      say(out, {});
      const long done = hear(in).done;
      kind.push_back((used() - before) / static_cast<double>(done));
      say(out, {});
    }
  }
  std::array<double, 3> medians{};
  for (size_t kind = 0; kind < all.size(); ++kind) {
    std::sort(all[kind].begin(), all[kind].end());
    medians[kind] = all[kind][kTurns / 2];
  }
  return medians;
}

/// The floor: reads what there is and sends as much as the server would.
void answer_blindly(int listener, std::string answer) {
  pin(0);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const auto add = [&](int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  add(listener);
  std::array<epoll_event, 64> ready{};
  std::array<char, 4096> room{};
  while (true) {
    const int count = ::epoll_wait(epoll, ready.data(), ready.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<size_t>(i)].data.fd;
      if (fd == listener) {
        const int next = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (next < 0) return;  // shut down: the end
        const int on = 1;
        ::setsockopt(next, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(next);
      } else if (::recv(fd, room.data(), room.size(), 0) <= 0 ||
                 ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        ::close(fd);
      }
    }
  }
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

int run() {
  std::string name = (std::filesystem::temp_directory_path() / "net_bench_XXXXXX").string();
  if (!::mkdtemp(name.data())) fail("no folder");
  const DemoAuthority authority{name};
  const PemFiles server_files = authority.issue({"server", {"127.0.0.1"}, {}});
  const PemFiles client_files = authority.issue({"client", {}, {}});

  std::array<int, 2> to{}, from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) fail("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(to[1]);
    ::close(from[0]);
    be_clients(to[0], from[1], client_files);
  }
  ::close(to[0]);
  ::close(from[1]);
  pin(0);

  ServerSetup setup;
  setup.listen = "127.0.0.1:0";
  setup.limits.connections_per_client = 2 * kIdle;
  setup.limits.requests_per_connection = 1'000'000'000;
  setup.limits.times.idle = std::chrono::minutes(10);
  setup.handler = [](ServerRequest request, Reply reply) {
    reply.send({200, {{"Content-Type", "application/json"}}, std::move(request.body)});
  };
  const HttpServer plain(setup);
  setup.tls = TlsSetup{};
  setup.tls->certificate = server_files.certificate;
  setup.tls->key = server_files.key;
  setup.tls->clients = ClientCertificates::demanded;
  setup.tls->authorities = {authority.files().certificate};
  const HttpServer tls(setup);

  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener, 64) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("listen");
  }
  std::thread bare(answer_blindly, listener, std::string(320, 'x'));

  const Ports ports{{ntohs(address.sin_port), plain.port(), tls.port()}};
  if (::write(to[1], &ports, sizeof ports) != sizeof ports) fail("the clients are gone");
  const auto [floor, http, https] = listen_to_turns(from[0], to[1]);
  const long before = resident_kib();
  say(to[1], {});
  hear(from[0]);
  const long each = (resident_kib() - before) * 10 / static_cast<long>(kIdle);
  say(to[1], {});
  ::waitpid(child, nullptr, 0);
  ::shutdown(listener, SHUT_RDWR);
  bare.join();
  std::filesystem::remove_all(name);

  std::printf("| HTTP POST of 200 bytes over a kept connection, plain | %.1f us | bare sockets %.1f us | %.2f | |\n",
              http, floor, http / floor);
  std::printf("| the same through TLS 1.3, client certificates | %.1f us | bare sockets %.1f us | %.2f | |\n", https,
              floor, https / floor);
  std::printf("| an idle TLS connection in memory | %ld.%ld KiB | | | <= 32 KiB |\n", each / 10, each % 10);
  return 0;
}

}  // namespace
}  // namespace cw::net

int main() { return cw::net::run(); }
