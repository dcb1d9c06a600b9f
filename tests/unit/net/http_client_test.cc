// The client against a small server of its own, well-behaved and not.
#include "net/http_client.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/error.h"

namespace cw::net {
namespace {

using std::chrono::milliseconds;

/// A server on a free port of this machine, stopped at the end of the test.
template <class Kind>
class Local {
 public:
  template <class... Args>
  explicit Local(const std::function<void(httplib::Server&)>& routes, Args... args) : server_(args...) {
    server_.set_keep_alive_timeout(1);
    routes(server_);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(milliseconds(1));
  }
  ~Local() {
    server_.stop();
    thread_.join();
  }
  std::string at(const std::string& target, const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + target;
  }

 private:
  Kind server_;
  int port_ = 0;
  std::thread thread_;
};
using LocalServer = Local<httplib::Server>;

std::string message_of(const HttpRequest& request, const HttpLimits& limits = {}) {
  try {
    send(request, limits);
  } catch (const Error& error) {
    return std::string(name_of(error.kind())) + ": " + error.message();
  }
  return "no error";
}

TEST(HttpClient, sends_a_body_and_headers_and_returns_any_status) {
  const LocalServer server([](httplib::Server& s) {
    s.Post("/echo", [](const httplib::Request& request, httplib::Response& response) {
      response.status = 404;
      response.set_header("X-Seen", request.get_header_value("X-Card") + request.get_param_value("a"));
      response.set_content(request.body, "application/json");
    });
  });
  const HttpResponse answer = send({"POST", server.at("/echo?a=%20b"), {{"X-Card", "7"}}, "{\"x\":1}"});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "{\"x\":1}");
  bool seen = false;
  for (const auto& [name, value] : answer.headers) seen = seen || (name == "X-Seen" && value == "7 b");
  EXPECT_TRUE(seen);
}

TEST(HttpClient, does_not_follow_a_redirect) {
  const LocalServer server([](httplib::Server& s) {
    s.Get("/", [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/elsewhere"); });
  });
  EXPECT_EQ(send({"GET", server.at("/")}).status, 302);
}

TEST(HttpClient, a_server_that_drips_is_cut_off_at_the_deadline) {
  const LocalServer server([](httplib::Server& s) {
    s.Get("/drip", [](const httplib::Request&, httplib::Response& response) {
      response.set_chunked_content_provider("text/plain", [](size_t, httplib::DataSink& sink) {
        std::this_thread::sleep_for(milliseconds(30));
        return sink.write("x", 1);
      });
    });
  });
  const std::string message = message_of({"GET", server.at("/drip?token=hush")}, {milliseconds(300)});
  EXPECT_NE(message.find("no whole answer within 300 ms"), std::string::npos) << message;
  EXPECT_EQ(message.find("hush"), std::string::npos) << "a query may hold a token";
}

TEST(HttpClient, an_answer_without_end_is_cut_off_at_the_cap) {
  const LocalServer server([](httplib::Server& s) {
    s.Get("/flood", [](const httplib::Request&, httplib::Response& response) {
      response.set_chunked_content_provider("text/plain", [](size_t, httplib::DataSink& sink) {
        static const std::string block(16384, 'x');
        return sink.write(block.data(), block.size());
      });
    });
  });
  const std::string message = message_of({"GET", server.at("/flood")}, {milliseconds(20'000), 65536});
  EXPECT_NE(message.find("longer than 65536 bytes"), std::string::npos) << message;
}

TEST(HttpClient, an_answer_of_exactly_the_cap_is_taken) {
  const LocalServer server([](httplib::Server& s) {
    s.Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(1000, 'x'), "text/plain");
    });
  });
  EXPECT_EQ(send({"GET", server.at("/")}, {milliseconds(5000), 1000}).body.size(), 1000u);
  EXPECT_NE(message_of({"GET", server.at("/")}, {milliseconds(5000), 999}).find("longer than 999"), std::string::npos);
}

TEST(HttpClient, nobody_there_is_one_clear_line) {
  const std::string message = message_of({"GET", "http://127.0.0.1:1/x"});
  EXPECT_NE(message.find("/x: no connection; is the backend running"), std::string::npos) << message;
}

TEST(HttpClient, a_server_that_hangs_up_may_have_acted) {
  const LocalServer server([](httplib::Server& s) {
    s.Post("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content_provider(100, "text/plain", [](size_t, size_t, httplib::DataSink&) { return false; });
    });
  });
  const std::string message = message_of({"POST", server.at("/"), {}, "x"});
  EXPECT_NE(message.find("whether the backend acted is unknown"), std::string::npos) << message;
}

/// A certificate that its own key signed, for 127.0.0.1.
class SelfSigned {
 public:
  SelfSigned() : key_(EVP_RSA_gen(2048), EVP_PKEY_free), cert_(X509_new(), X509_free) {
    X509_set_version(cert_.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert_.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert_.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert_.get()), 3600);
    X509_set_pubkey(cert_.get(), key_.get());
    X509_NAME* name = X509_get_subject_name(cert_.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1,
                               0);
    X509_set_issuer_name(cert_.get(), name);
    X509_sign(cert_.get(), key_.get(), EVP_sha256());
  }
  X509* cert() { return cert_.get(); }
  EVP_PKEY* key() { return key_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> cert_;
};

TEST(HttpClient, a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent) {
  SelfSigned identity;
  bool reached = false;
  const Local<httplib::SSLServer> server(
      [&](httplib::Server& s) { s.Get("/", [&](const httplib::Request&, httplib::Response&) { reached = true; }); },
      identity.cert(), identity.key());
  const std::string message = message_of({"GET", server.at("/", "https"), {{"Authorization", "Bearer hush"}}});
  EXPECT_NE(message.find("http: "), std::string::npos);
  EXPECT_NE(message.find("certificate is not trusted"), std::string::npos) << message;
  EXPECT_FALSE(reached);
}

TEST(HttpClient, refuses_headers_that_smuggle_lines) {
  for (const auto& [name, value] :
       Headers{{"X-A", "1\r\nX-B: 2"}, {"X-A\r\nX-B", "1"}, {"X A", "1"}, {"", "1"}, {"Content-Length", "5"}}) {
    EXPECT_NE(message_of({"GET", "http://127.0.0.1:1/", {{name, value}}}).find("usage: cannot send"),
              std::string::npos);
  }
}

TEST(HttpClient, refuses_urls_it_would_have_to_guess_about) {
  for (const char* url : {"", "ftp://host/", "https://", "https://:80/", "http://user:pass@host/", "http://host/a b",
                          "http://host/#part", "http://host/\r\nX: y", "/relative"}) {
    const std::string message = message_of({"GET", url});
    EXPECT_NE(message.find("usage: cannot call a URL"), std::string::npos) << url << " gave " << message;
    EXPECT_EQ(message.find("pass"), std::string::npos) << "a password in a URL is not repeated";
  }
  EXPECT_NE(message_of({"TRACE", "http://127.0.0.1/"}).find("unknown HTTP method"), std::string::npos);
}

}  // namespace
}  // namespace cw::net
