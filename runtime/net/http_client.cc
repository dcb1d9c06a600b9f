#include "net/http_client.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <httplib.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/files.h"
#include "revocation_lists_private.h"
#include "url_private.h"

namespace cw::net {

namespace {

using Clock = std::chrono::steady_clock;

/// Cuts the connection when the time is up. cpp-httplib's own timeouts start anew with every byte, so a server that
/// drips would hold a request for ever.
class Watchdog {
 public:
  Watchdog(httplib::Client& client, Clock::time_point deadline, const std::atomic<bool>* stop)
      : thread_([this, &client, deadline, stop] {
          std::unique_lock lock(mutex_);
          // Again and again: a connection that is just being made is not there to be cut yet.
          Clock::time_point next = stop ? Clock::now() : deadline;
          while (!done_.wait_until(lock, next, [this] { return over_; })) {
            if (Clock::now() >= deadline || (stop && *stop)) client.stop();
            next = Clock::now() + std::chrono::milliseconds(20);
          }
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    done_.notify_one();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool over_ = false;
  std::thread thread_;
};

/// With a line end in it, a script could write headers or a second request of its own.
void check_header(const std::string& name, const std::string& value) {
  if (!is_token(name)) {
    throw Error(ErrorKind::usage, "cannot send an HTTP header: its name must be letters, digits and '-'");
  }
  if (!is_field_value(value)) {
    throw Error(ErrorKind::usage,
                "cannot send HTTP header " + name + ": its value has a line end or another control character in it");
  }
  for (const char* own : {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}) {
    if (same_word(name, own)) {
      throw Error(ErrorKind::usage, "cannot send HTTP header " + name + ": the client sets it itself");
    }
  }
}

void check_method(const std::string& method) {
  for (const char* known : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) {
    if (method == known) return;
  }
  throw Error(ErrorKind::usage, "unknown HTTP method; use GET, POST, PUT, PATCH, DELETE or HEAD");
}

/// Each request reads them anew: a list that was replaced counts at once.
void hold_against_lists(httplib::Client& client, const HttpLimits& limits, const std::string& doing) {
  if (limits.ca_file.empty()) {
    throw Error(ErrorKind::usage, "cannot use the revocation lists in " + limits.revoked +
                                      ": they are of authorities that are named; say who vouches for the server");
  }
  SSL_CTX* context = client.ssl_context();
  if (SSL_CTX_load_verify_locations(context, limits.ca_file.c_str(), nullptr) != 1) {
    ERR_clear_error();
    throw Error(ErrorKind::usage, "cannot read the trusted certificates in " + limits.ca_file);
  }
  try {
    use_revocation_lists(SSL_CTX_get_cert_store(context), limits.revoked);
  } catch (const Error& error) {
    // The next list comes, so it may be asked again.
    throw Error(ErrorKind::http, doing + error.message() + "; nothing was sent");
  }
}

std::string explain(httplib::Error error, const HttpLimits& limits, long verified) {
  switch (error) {
    case httplib::Error::Connection:
      return "no connection; is the backend running, and is the address right?";
    case httplib::Error::ConnectionTimeout:
      return "no connection in time; is the address right, does a firewall stop it?";
    case httplib::Error::SSLServerVerification:
      if (verified == X509_V_ERR_CERT_REVOKED) {
        return "the server's certificate was revoked, as " + limits.revoked +
               " has it; nothing was sent. Whoever runs the server needs another one";
      }
      if (verified == X509_V_ERR_UNABLE_TO_GET_CRL) {
        return "the server's certificate has an authority between that " + limits.revoked +
               " has no revocation list of; nothing was sent. Add that one's, PEM after PEM";
      }
      return "the server's certificate is not trusted (unknown authority, other host name or out of date); nothing was "
             "sent";
    case httplib::Error::SSLConnection:
      return limits.shared_key ? "no TLS connection; does the server know this identity, and this key of it?"
                               : "no TLS connection; does this port speak TLS?";
    case httplib::Error::SSLLoadingCerts:
      return "cannot read the trusted certificates in " + limits.ca_file;
    case httplib::Error::Read:
      return "the connection broke before the whole answer was there; whether the backend acted is unknown";
    case httplib::Error::Write:
      return "the connection broke while the request was being sent; whether the backend acted is unknown";
    default:
      return httplib::to_string(error);
  }
}

std::string seconds(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

}  // namespace

HttpResponse send(const HttpRequest& request, const HttpLimits& limits) {
  check_method(request.method);
  for (const auto& [name, value] : request.headers) check_header(name, value);
  const Url url = parse_url(request.url);
  // The query may hold what nobody should read in a log.
  const std::string doing = request.method + " " + url.origin + url.target.substr(0, url.target.find('?')) + ": ";

  if (!limits.key.empty()) read_secret_file(limits.key);  // refuses one that others can read
  const bool local = !limits.unix_socket.empty();
  httplib::Client client =
      local ? httplib::Client(limits.unix_socket, 80) : httplib::Client(url.origin, limits.certificate, limits.key);
  if (local) client.set_address_family(AF_UNIX);
  if (!client.is_valid() && !limits.certificate.empty()) {
    throw Error(ErrorKind::usage, "cannot use the certificate " + limits.certificate + " with the key " + limits.key +
                                      ": one of them is no PEM file that can be read, or they do not belong together");
  }
  if (!client.is_valid()) throw Error(ErrorKind::http, doing + "cannot set up a client for this address");
  client.set_connection_timeout(limits.deadline);
  client.set_read_timeout(limits.deadline);
  client.set_write_timeout(limits.deadline);
  client.set_keep_alive(false);
  client.set_follow_location(false);
  client.set_url_encode(false);
  client.set_decompress(false);
  // A shared key proves the server too, and no certificate is taken then.
  client.enable_server_certificate_verification(limits.shared_key == nullptr);
  if (limits.shared_key != nullptr && url.tls) crypto::offer_shared_key(client.ssl_context(), limits.shared_key);
  if (!limits.ca_file.empty()) client.set_ca_cert_path(limits.ca_file);
  if (!limits.revoked.empty() && url.tls && limits.shared_key == nullptr) hold_against_lists(client, limits, doing);

  httplib::Request wire;
  wire.method = request.method;
  wire.path = url.target;
  for (const auto& [name, value] : request.headers) wire.headers.emplace(name, value);
  wire.headers.emplace("Accept-Encoding", "identity");
  if (local) wire.headers.emplace("Host", url.host);
  wire.body = request.body;
  std::string body;
  bool too_much = false;
  wire.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    too_much = size > limits.response_bytes - body.size();
    if (!too_much) body.append(data, size);
    return !too_much;
  };

  httplib::Response answer;
  httplib::Error error = httplib::Error::Success;
  const Clock::time_point deadline = Clock::now() + limits.deadline;
  bool answered = false;
  {
    const Watchdog watchdog(client, deadline, limits.stop);
    answered = client.send(wire, answer, error);
  }
  if (too_much) {
    throw Error(ErrorKind::http,
                doing + "the answer is longer than " + std::to_string(limits.response_bytes) + " bytes");
  }
  if (!answered && limits.stop && *limits.stop) {
    throw Error(ErrorKind::http, doing + "stopped before the answer was there; whether the backend acted is unknown");
  }
  if (!answered && Clock::now() >= deadline) {
    throw Error(ErrorKind::http, doing + "no whole answer within " + seconds(limits.deadline) +
                                     "; whether the backend acted is unknown");
  }
  if (!answered) throw Error(ErrorKind::http, doing + explain(error, limits, client.get_openssl_verify_result()));

  HttpResponse out;
  out.status = answer.status;
  for (const auto& [name, value] : answer.headers) out.headers.emplace_back(name, value);
  out.body = std::move(body);
  return out;
}

}  // namespace cw::net
