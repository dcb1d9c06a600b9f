#include "net/listening_socket.h"

#include "listener_private.h"

namespace cw::net {

class ListeningSocket::Impl {
 public:
  explicit Impl(const std::string& address) : listener(address) {}
  const Listener listener;
};

ListeningSocket::ListeningSocket(const std::string& address) : impl_(std::make_unique<Impl>(address)) {}
ListeningSocket::~ListeningSocket() = default;

const std::string& ListeningSocket::address() const { return impl_->listener.address(); }
std::string ListeningSocket::handed_over() const { return "fd:" + std::to_string(impl_->listener.fd()); }

}  // namespace cw::net
