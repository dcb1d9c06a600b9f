// A device's line to a service: TLS over a socket that does not block, HTTP/1.1, one request at a time over a
// connection that is kept.
//
// Owner: a device of the load. One thread at a time.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <openssl/ssl.h>

#include "base/fd.h"

namespace cw::bench {

/// Where the service is, and who the devices are.
struct LoadPlace {
  LoadPlace(const std::string& address, const std::string& ca, const std::string& certificate, const std::string& key);
  ~LoadPlace() { SSL_CTX_free(tls); }
  LoadPlace(const LoadPlace&) = delete;
  LoadPlace& operator=(const LoadPlace&) = delete;

  SSL_CTX* tls = nullptr;
  sockaddr_in address{};  // IPv4
};

struct LoadAnswer {
  int status = 0;
  std::map<std::string, std::string> headers{};  // names in small letters
  std::string body{};
};

/// The connection broke, or could not be made: the request may be sent again.
class LineLost : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class LoadLine {
 public:
  explicit LoadLine(const LoadPlace& place) : place_(place) {}
  ~LoadLine() { close(); }
  LoadLine(const LoadLine&) = delete;
  LoadLine& operator=(const LoadLine&) = delete;

  /// What has to happen before go() gets any further; nothing: the answer is there.
  enum class Wants { nothing, read, write };
  /// Connects if there is no connection. Raises LineLost.
  void begin(const std::string& request);
  Wants go();
  LoadAnswer take();
  void close();

  int fd() const { return fd_.get(); }
  // Bytes of HTTP, and all that travelled, over all connections.
  uint64_t http_out = 0, http_in = 0, wire_out = 0, wire_in = 0;
  uint64_t connections = 0;

 private:
  void connect();
  Wants wants(int result, const char* doing);
  bool whole();

  const LoadPlace& place_;
  Fd fd_{};
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  std::string out_{};
  size_t sent_ = 0;
  std::string in_{};
  size_t head_ = 0;  // bytes of the answer's head; 0: not there yet
  size_t body_ = 0;
  LoadAnswer answer_{};
};

}  // namespace cw::bench
