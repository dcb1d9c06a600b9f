// Who the client is, as our own server sees it; and a request that is stopped.
#include <atomic>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "net/demo_certificates.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace cw::net {
namespace {

namespace fs = std::filesystem;

/// A server that demands certificates, and tells each client whose it saw.
class HttpClientIdentity : public testing::Test {
 protected:
  HttpClientIdentity() {
    ::signal(SIGPIPE, SIG_IGN);  // as the program does
    folder_ = fs::temp_directory_path() / ("cw-identity-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    authority_.emplace(folder_);
    const PemFiles files = authority_->issue({.name = "server", .hosts = {"127.0.0.1"}});
    ServerSetup setup;
    setup.listen = "127.0.0.1:0";
    setup.tls = TlsSetup{.certificate = files.certificate,
                         .key = files.key,
                         .clients = ClientCertificates::demanded,
                         .authorities = {authority_->files().certificate}};
    setup.handler = [this](const ServerRequest& request, Reply reply) {
      if (request.target == "/wait") {
        held_.emplace(std::move(reply));
        waits_ = true;
        return;
      }
      reply.send({.status = 200, .body = request.peer.certificate->subject});
    };
    server_.emplace(setup);
  }
  ~HttpClientIdentity() override {
    server_.reset();
    fs::remove_all(folder_);
  }

  HttpLimits limits(const std::string& certificate, const std::string& key) const {
    HttpLimits out{.ca_file = authority_->files().certificate};
    if (!certificate.empty()) out.certificate = folder_ / certificate;
    if (!key.empty()) out.key = folder_ / key;
    return out;
  }
  HttpRequest get(const std::string& target) const { return {"GET", "https://" + server_->address() + target}; }

  fs::path folder_;
  std::optional<DemoAuthority> authority_{};
  std::optional<Reply> held_{};
  std::atomic<bool> waits_ = false;
  std::optional<HttpServer> server_{};
};

TEST_F(HttpClientIdentity, a_certificate_is_shown_to_a_server_that_asks) {
  authority_->issue({.name = "device 7"});
  const HttpResponse answer = send(get("/"), limits("device 7.pem", "device 7.key"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("CN=device 7"), std::string::npos) << answer.body;
  EXPECT_THROW(send(get("/"), limits("", "")), Error);
}

TEST_F(HttpClientIdentity, files_that_are_no_certificate_and_its_key_are_named) {
  authority_->issue({.name = "one"});
  authority_->issue({.name = "two"});
  write_file_atomically(folder_ / "text", view("hello"), true);
  for (const auto& [certificate, key] : std::vector<std::pair<std::string, std::string>>{
           {"one.pem", "two.key"}, {"text", "one.key"}, {"one.pem", "text"}, {"none", "one.key"}}) {
    try {
      send(get("/"), limits(certificate, key));
      ADD_FAILURE() << certificate << " " << key;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(error.message().find(certificate), std::string::npos) << error.message();
    }
  }
}

TEST_F(HttpClientIdentity, a_request_that_waits_is_cut_when_it_is_stopped) {
  authority_->issue({.name = "one"});
  std::atomic<bool> stop = false;
  HttpLimits limited = limits("one.pem", "one.key");
  limited.stop = &stop;
  std::thread stopper([&] {
    while (!waits_) std::this_thread::yield();
    stop = true;
  });
  try {
    send(get("/wait"), limited);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::http);
    EXPECT_NE(error.message().find("stopped before the answer"), std::string::npos) << error.message();
  }
  stopper.join();
}

/// A server that knows devices by keys that it shares with them.
class HttpClientSharedKey : public HttpClientIdentity {
 protected:
  HttpClientSharedKey() {
    ServerSetup setup;
    setup.listen = "127.0.0.1:0";
    setup.tls = TlsSetup{.shared_key = [](std::string_view identity) -> std::optional<Secret> {
      if (identity == "card 1") return Secret::take(Bytes(16, 0x11));
      return std::nullopt;
    }};
    setup.handler = [](const ServerRequest& request, Reply reply) {
      reply.send({.status = 200, .body = request.peer.psk_identity.value_or("nobody")});
    };
    sharing_.emplace(setup);
  }

  crypto::SharedKey key(const std::string& identity, const std::string& digits) const {
    write_file_atomically(folder_ / "psk", view(digits + "\n"), true);
    return crypto::read_shared_key(identity, folder_ / "psk");
  }
  std::string answer(const crypto::SharedKey* key, const HttpServer& server) const {
    try {
      return send({"GET", "https://" + server.address() + "/"}, {.shared_key = key}).body;
    } catch (const Error& error) {
      return "refused: " + error.message();
    }
  }

  std::optional<HttpServer> sharing_{};
};

TEST_F(HttpClientSharedKey, a_shared_key_proves_both_sides) {
  const crypto::SharedKey right = key("card 1", std::string(32, '1'));
  EXPECT_EQ(answer(&right, *sharing_), "card 1");
  const crypto::SharedKey wrong = key("card 1", std::string(32, '2'));
  EXPECT_NE(answer(&wrong, *sharing_).find("refused: "), std::string::npos);
  const crypto::SharedKey unknown = key("card 2", std::string(32, '1'));
  EXPECT_NE(answer(&unknown, *sharing_).find("does the server know this identity"), std::string::npos);
}

TEST_F(HttpClientSharedKey, a_server_without_the_key_is_not_let_through_by_a_certificate) {
  const crypto::SharedKey right = key("card 1", std::string(32, '1'));
  ServerSetup setup;
  setup.listen = "127.0.0.1:0";
  const PemFiles files = authority_->issue({.name = "other", .hosts = {"127.0.0.1"}});
  setup.tls = TlsSetup{.certificate = files.certificate, .key = files.key};
  setup.handler = [](const ServerRequest&, Reply reply) { reply.send({.status = 200, .body = "gotcha"}); };
  const HttpServer other(setup);
  EXPECT_NE(answer(&right, other).find("refused: "), std::string::npos);
}

TEST_F(HttpClientSharedKey, what_is_no_key_is_refused) {
  for (const std::string& digits :
       {std::string(), std::string(30, '1'), std::string(130, '1'), std::string(33, '1'), std::string(31, '1') + "g"}) {
    EXPECT_THROW(key("card 1", digits), Error) << digits;
  }
  EXPECT_THROW(key("", std::string(32, '1')), Error);
  EXPECT_THROW(key(std::string(129, 'a'), std::string(32, '1')), Error);
}

}  // namespace
}  // namespace cw::net
