#include "se/vpcd_card.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cw::se {
namespace {

constexpr int kConnectMs = 5000;
constexpr int kRetryMs = 250;

[[noreturn]] void fail(const VpcdAddress& address, const std::string& what) {
  throw Error(ErrorKind::reader, "inserting the simulated card at " + address.text() + ": " + what);
}

[[noreturn]] void fail_without_vpcd(const VpcdAddress& address, const char* what) {
  fail(address, std::string(what) +
                    ": no vpcd is there; install it with apt-get install pcscd vsmartcard-vpcd, start pcscd "
                    "(systemctl start pcscd), and look for its port in /etc/reader.conf.d/vpcd");
}

// vpcd writes the length of a message and its bytes one after the other, and Nagle's algorithm holds the bytes back
// until the length is acknowledged. Linux delays that by 40 ms, and forgets that it should not.
void acknowledge_at_once(int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

}  // namespace

VpcdAddress VpcdAddress::parse(const std::string& text) {
  VpcdAddress address;
  const size_t colon = text.rfind(':');
  const bool number_alone = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (text.empty()) return address;
  if (colon == std::string::npos && !number_alone) {
    address.host = text;
    return address;
  }
  if (colon != std::string::npos && colon != 0) address.host = text.substr(0, colon);
  const std::string_view port = std::string_view(text).substr(number_alone ? 0 : colon + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || end != port.data() + port.size() || value == 0 || value > 0xFFFF) {
    throw Error(ErrorKind::usage,
                "'" + text + "' is no address of a virtual reader: it is HOST:PORT, as localhost:35963");
  }
  address.port = static_cast<uint16_t>(value);
  return address;
}

std::string VpcdAddress::text() const { return host + ":" + std::to_string(port); }

VpcdCard::VpcdCard(std::shared_ptr<Card> card, VpcdAddress address, Options options)
    : card_(std::move(card)),
      address_(std::move(address)),
      options_(std::move(options)),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_event_ < 0) fail(address_, std::string("no event: ") + std::strerror(errno));
}

VpcdCard::~VpcdCard() {
  remove();
  ::close(stop_event_);
}

// Raises reader: nobody there.
Fd VpcdCard::connect() const {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int unknown = ::getaddrinfo(address_.host.c_str(), std::to_string(address_.port).c_str(), &hints, &found);
  if (unknown != 0) fail(address_, std::string("no such host: ") + ::gai_strerror(unknown));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);

  int reason = ECONNREFUSED;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Fd one(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol));
    if (one.get() < 0) continue;
    int error = ::connect(one.get(), at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      std::array<pollfd, 2> wait = {{{one.get(), POLLOUT, 0}, {stop_event_, POLLIN, 0}}};
      socklen_t size = sizeof error;
      const int ready = ::poll(wait.data(), wait.size(), kConnectMs);
      error = ETIMEDOUT;
      if (ready > 0 && wait[0].revents != 0) ::getsockopt(one.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) {
      const int yes = 1;
      ::setsockopt(one.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      return one;
    }
    reason = error;
  }
  fail_without_vpcd(address_, std::strerror(reason));
}

void VpcdCard::insert(std::chrono::milliseconds patience) {
  remove();
  {
    const std::lock_guard lock(mutex_);
    failure_.reset();
  }
  const bool missing = std::exchange(was_inserted_, true);
  thread_ = std::thread([this, missing, connection = connect()]() mutable { serve(std::move(connection), missing); });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return inserted_ || failure_; });
  if (inserted_) return;
  const std::optional<Error> why = failure_;
  lock.unlock();
  remove();
  if (why) throw *why;
  fail(address_,
       "the reader does not look at the card; is another card in this slot? Take that one out, or use the "
       "next port");
}

void VpcdCard::remove() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  if (::write(stop_event_, &one, sizeof one) < 0) return;  // cannot fail for a counter that is read
  thread_.join();
  uint64_t ignored = 0;
  if (::read(stop_event_, &ignored, sizeof ignored) < 0) return;
}

bool VpcdCard::inserted() const {
  const std::lock_guard lock(mutex_);
  return inserted_;
}

std::optional<Error> VpcdCard::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void VpcdCard::wait_for_failure(std::chrono::milliseconds most) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [&] { return failure_.has_value(); });
}

void VpcdCard::note(bool inserted) {
  {
    const std::lock_guard lock(mutex_);
    if (inserted_ == inserted) return;
    inserted_ = inserted;
  }
  changed_.notify_all();
  if (options_.inserted) options_.inserted(inserted);
}

// The thread. A card that lost power is put in again, as a real one is for the next session.
void VpcdCard::serve(Fd connection, bool missing) {
  try {
    for (;;) {
      if (missing && (!be_missed(connection) || !reconnect(connection, 0))) return;
      const End end = talk(connection);
      connection = Fd();
      with_card([](Card& card) { card.power_off(); });
      note(false);
      if (end == End::stopped) return;
      if (end == End::reader_gone && !options_.waits_for_vpcd) fail(address_, "vpcd ended the connection");
      missing = end == End::mute;
      if (!reconnect(connection, missing ? 0 : kRetryMs)) return;
    }
  } catch (const Error& error) {
    note(false);
    {
      const std::lock_guard lock(mutex_);
      failure_ = error;
    }
    changed_.notify_all();
  }
}

// A connection that ends in the middle of a command is taken over by the next one before vpcd looks whether the card is
// there, and pcscd would believe that it never left. So the next one ends too, when vpcd looks. False: stopped.
bool VpcdCard::be_missed(const Fd& connection) const {
  std::array<pollfd, 2> wait = {{{connection.get(), POLLIN, 0}, {stop_event_, POLLIN, 0}}};
  while (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) continue;
  return wait[1].revents == 0;
}

// False: stopped. Raises reader: vpcd is gone, and not waited for.
bool VpcdCard::reconnect(Fd& connection, int pause_ms) const {
  connection = Fd();
  for (;;) {
    pollfd stop{stop_event_, POLLIN, 0};
    if (::poll(&stop, 1, pause_ms) > 0) return false;
    try {
      connection = connect();
      return true;
    } catch (const Error&) {
      if (!options_.waits_for_vpcd) throw;
      pause_ms = kRetryMs;
    }
  }
}

VpcdCard::End VpcdCard::talk(const Fd& connection) {
  std::optional<VpcdPort> port;
  with_card([&](Card& card) { port.emplace(card, options_.hooks); });
  std::array<uint8_t, 4096> buffer{};
  for (;;) {
    Bytes& out = port->output();
    if (!out.empty()) {
      const ssize_t sent = ::send(connection.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return End::reader_gone;
      if (sent > 0) out.erase(out.begin(), out.begin() + sent);
    }
    acknowledge_at_once(connection.get());
    const auto wanted = static_cast<short>(out.empty() ? POLLIN : POLLIN | POLLOUT);
    std::array<pollfd, 2> wait = {{{connection.get(), wanted, 0}, {stop_event_, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return End::reader_gone;
    if (wait[1].revents != 0) return End::stopped;
    if ((wait[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
    const ssize_t got = ::recv(connection.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return End::reader_gone;
    const bool goes_on =
        with_card([&](Card&) { return port->take(ByteView(buffer.data(), static_cast<size_t>(got))); });
    if (port->noticed()) note(true);
    if (!goes_on) return End::mute;
  }
}

}  // namespace cw::se
