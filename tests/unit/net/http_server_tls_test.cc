// TLS as curl and openssl see it: who is let in, with what, and who is not.
#include <atomic>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "server_kit.h"

namespace cw::net {
namespace {

/// An authority, a server's certificate and a client's, made once for all stories.
class HttpServerTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder;
    authority_ = new DemoAuthority(folder_->path() / "pki");
    server_files_ = new PemFiles(authority_->issue({"server", {"localhost", "127.0.0.1"}, {}}));
    client_files_ = new PemFiles(authority_->issue({"device 7", {}, {"urn:device:7"}}));
  }
  static void TearDownTestSuite() {
    delete client_files_;
    delete server_files_;
    delete authority_;
    delete folder_;
  }

  static TlsSetup tls(ClientCertificates clients = ClientCertificates::none) {
    TlsSetup out;
    out.certificate = server_files_->certificate;
    out.key = server_files_->key;
    out.clients = clients;
    if (clients != ClientCertificates::none) out.authorities = {authority_->files().certificate};
    return out;
  }
  static ServerSetup with(TlsSetup tls, Handler handler = echo) {
    ServerSetup out = setup(std::move(handler));
    out.tls = std::move(tls);
    return out;
  }
  static std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }
  /// curl that trusts the authority.
  static Ran curl(const HttpServer& server, const std::string& options = "") {
    return shell("curl -sS --cacert " + quoted(authority_->files().certificate) + " " + options + " https://" +
                 server.address() + "/");
  }
  static std::string as(const PemFiles& files) {
    return "--cert " + quoted(files.certificate) + " --key " + quoted(files.key);
  }
  /// openssl's client, which sends one request.
  static Ran s_client(const HttpServer& server, const std::string& options) {
    return shell(
        "printf 'GET / HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n' | timeout 20 openssl s_client "
        "-ign_eof -connect " +
        server.address() + " " + options);
  }
  static std::string refusal(const TlsSetup& tls) {
    try {
      const HttpServer server(with(tls));
    } catch (const Error& error) {
      return std::string(name_of(error.kind())) + ": " + error.message();
    }
    return "nothing";
  }

  static inline Folder* folder_ = nullptr;
  static inline DemoAuthority* authority_ = nullptr;
  static inline PemFiles* server_files_ = nullptr;
  static inline PemFiles* client_files_ = nullptr;
};

TEST_F(HttpServerTls, curl_trusts_the_authority_and_speaks_1_2_and_1_3) {
  const HttpServer server(with(tls()));
  EXPECT_EQ(curl(server, "--tlsv1.3").output, "GET /\n");
  EXPECT_EQ(curl(server, "--tls-max 1.2").output, "GET /\n");
  EXPECT_NE(curl(server, "--tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0").status, 0);
  EXPECT_NE(shell("curl -sS https://" + server.address() + "/").status, 0) << "without the authority";
}

TEST_F(HttpServerTls, openssl_verifies_the_chain_and_finds_the_modern_things_only) {
  const HttpServer server(with(tls()));
  const std::string trust = "-verify_return_error -CAfile " + quoted(authority_->files().certificate);
  const Ran good = s_client(server, "-tls1_3 -alpn h2,http/1.1 " + trust);
  EXPECT_NE(good.output.find("Verify return code: 0 (ok)"), std::string::npos) << good.output;
  EXPECT_NE(good.output.find("ALPN protocol: http/1.1"), std::string::npos) << good.output;
  EXPECT_EQ(good.output.find("New Session Ticket"), std::string::npos) << "nothing to resume with";

  const Ran old = s_client(server, "-tls1_2 " + trust);
  EXPECT_NE(old.output.find("Compression: NONE"), std::string::npos) << old.output;
  EXPECT_NE(old.output.find("GET /"), std::string::npos);
  EXPECT_EQ(old.output.find("TLS session ticket:"), std::string::npos);

  for (const char* odd :
       {"-tls1_2 -cipher AES128-SHA@SECLEVEL=0", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA@SECLEVEL=0",
        "-tls1_2 -cipher AES128-GCM-SHA256@SECLEVEL=0", "-tls1_1 -cipher DEFAULT@SECLEVEL=0", "-tls1_3 -alpn h2"}) {
    EXPECT_EQ(s_client(server, odd).output.find("200 OK"), std::string::npos) << odd;
  }
  EXPECT_TRUE(comes_true([&] { return server.counters().handshakes_failed == 5; }));
}

TEST_F(HttpServerTls, renegotiation_is_refused) {
  const HttpServer server(with(tls()));
  const Ran ran =
      shell("{ sleep 0.3; echo R; sleep 0.3; } | timeout 20 openssl s_client -tls1_2 -connect " + server.address());
  EXPECT_NE(ran.output.find("no renegotiation"), std::string::npos) << ran.output;
}

TEST_F(HttpServerTls, a_demanded_certificate_is_told_to_the_handler) {
  const HttpServer server(with(tls(ClientCertificates::demanded), [](ServerRequest request, Reply reply) {
    const ClientCertificate& who = request.peer.certificate.value();
    reply.send({200, {}, who.subject + "|" + who.issuer + "|" + who.uris.at(0) + "|" + who.sha256 + "|" + who.serial});
  }));
  const auto asked = [&](const std::string& what) {
    const std::string out = shell("openssl x509 -noout " + what + " -in " + quoted(client_files_->certificate)).output;
    return out.substr(out.find('=') + 1, out.size() - out.find('=') - 2);
  };
  std::string fingerprint = asked("-fingerprint -sha256");
  std::erase(fingerprint, ':');
  EXPECT_EQ(curl(server, as(*client_files_)).output,
            "CN=device 7|CN=cardwright test authority|urn:device:7|" + fingerprint + "|" + asked("-serial"));
  EXPECT_NE(curl(server).status, 0) << "without one";
  EXPECT_NE(curl(server, "--tls-max 1.2").status, 0) << "without one, 1.2";
}

TEST_F(HttpServerTls, certificates_that_nobody_here_vouches_for_are_refused) {
  const DemoAuthority stranger(folder_->path() / "stranger");
  const PemFiles foreign = stranger.issue({"device 7", {}, {}});
  const PemFiles expired = authority_->issue({"expired", {}, {}, std::chrono::hours(-2)});
  for (const ClientCertificates clients : {ClientCertificates::demanded, ClientCertificates::asked}) {
    const HttpServer server(with(tls(clients)));
    EXPECT_EQ(curl(server, as(*client_files_)).output, "GET /\n");
    EXPECT_NE(curl(server, as(foreign)).status, 0) << "another authority of the same name";
    EXPECT_NE(curl(server, as(expired)).status, 0);
    EXPECT_NE(curl(server, as(*server_files_)).status, 0) << "a server's certificate is none for a client";
    EXPECT_TRUE(comes_true([&] { return server.counters().handshakes_failed == 3; }));
  }
}

TEST_F(HttpServerTls, a_certificate_that_is_only_asked_for_may_be_missing) {
  const HttpServer server(with(tls(ClientCertificates::asked), [](ServerRequest request, Reply reply) {
    reply.send({200, {}, request.peer.certificate ? request.peer.certificate->subject : "nobody"});
  }));
  EXPECT_EQ(curl(server).output, "nobody");
  EXPECT_EQ(curl(server, as(*client_files_)).output, "CN=device 7");
}

TEST_F(HttpServerTls, a_revoked_certificate_is_refused) {
  const PemFiles bad = authority_->issue({"revoked", {}, {}});
  const std::filesystem::path list = folder_->path() / "revoked.pem";
  const Ran made = shell("cd " + quoted(folder_->path()) +
                         " && : > index && echo 01 > number && printf '[ca]\\ndefault_ca=a\\n[a]\\ndatabase=index\\n"
                         "crlnumber=number\\ndefault_md=sha256\\ndefault_crl_days=1\\n' > ca.conf"
                         " && ca=\"openssl ca -batch -config ca.conf -cert " +
                         authority_->files().certificate.string() + " -keyfile " + authority_->files().key.string() +
                         "\" && $ca -revoke " + quoted(bad.certificate) + " && $ca -gencrl -out revoked.pem");
  ASSERT_EQ(made.status, 0) << made.output;
  TlsSetup careful = tls(ClientCertificates::demanded);
  careful.revoked = list;
  const HttpServer server(with(careful));
  EXPECT_EQ(curl(server, as(*client_files_)).output, "GET /\n");
  EXPECT_NE(curl(server, as(bad)).status, 0);
}

TEST_F(HttpServerTls, new_certificates_are_for_new_connections_and_broken_ones_for_none) {
  HttpServer server(with(tls()));
  const DemoAuthority next(folder_->path() / "next");
  TlsSetup renewed;
  const PemFiles files = next.issue({"server", {"127.0.0.1"}, {}});
  renewed.certificate = files.certificate;
  renewed.key = files.key;

  TlsSetup broken = renewed;
  broken.key = server_files_->key;
  EXPECT_THROW(server.reload(broken), Error);
  EXPECT_EQ(curl(server).output, "GET /\n") << "the old one stays";

  // A client that stays connected over the swap: its second request goes over the connection of the first.
  const std::string fifo = (folder_->path() / "fifo").string();
  ASSERT_EQ(shell("mkfifo " + fifo).status, 0);
  std::string seen;
  std::thread stays([&] {
    seen = shell("timeout 20 openssl s_client -quiet -verify_return_error -CAfile " +
                 quoted(authority_->files().certificate) + " -connect " + server.address() + " < " + fifo)
               .output;
  });
  FILE* feed = std::fopen(fifo.c_str(), "we");
  ASSERT_NE(feed, nullptr);
  const uint64_t before = server.counters().answers[2];
  std::fputs(get("/1").c_str(), feed);
  std::fflush(feed);
  EXPECT_TRUE(comes_true([&] { return server.counters().answers[2] == before + 1; }));
  server.reload(renewed);
  EXPECT_NE(curl(server).status, 0) << "the old authority does not vouch for the new one";
  EXPECT_EQ(
      shell("curl -sS --cacert " + quoted(next.files().certificate) + " https://" + server.address() + "/").output,
      "GET /\n");
  std::fputs(get("/2", "Connection: close\r\n").c_str(), feed);
  std::fclose(feed);
  stays.join();
  EXPECT_NE(seen.find("GET /2\n"), std::string::npos) << seen;
}

TEST_F(HttpServerTls, setups_that_cannot_work_are_refused_in_one_line) {
  TlsSetup missing = tls();
  missing.certificate = "/nowhere/server.pem";
  EXPECT_NE(refusal(missing).find("usage: "), std::string::npos);
  EXPECT_NE(refusal(missing).find("/nowhere/server.pem"), std::string::npos) << refusal(missing);

  TlsSetup other = tls();
  other.key = client_files_->key;
  EXPECT_NE(refusal(other).find("the key of another certificate"), std::string::npos) << refusal(other);

  TlsSetup none = tls();
  none.key = server_files_->certificate;
  ASSERT_EQ(shell("cp " + quoted(none.key) + " " + quoted(folder_->path() / "k") + " && chmod 600 " +
                  quoted(folder_->path() / "k"))
                .status,
            0);
  none.key = folder_->path() / "k";
  EXPECT_NE(refusal(none).find("no private key in PEM"), std::string::npos) << refusal(none);

  TlsSetup open = tls();
  open.key = folder_->path() / "open.key";
  ASSERT_EQ(
      shell("cp " + quoted(server_files_->key) + " " + quoted(open.key) + " && chmod 644 " + quoted(open.key)).status,
      0);
  EXPECT_NE(refusal(open).find("open.key"), std::string::npos) << refusal(open);

  TlsSetup expired = tls();
  const PemFiles old = authority_->issue({"old", {"localhost"}, {}, std::chrono::hours(-2)});
  expired.certificate = old.certificate;
  expired.key = old.key;
  EXPECT_NE(refusal(expired).find("out of date"), std::string::npos) << refusal(expired);

  TlsSetup nobody = tls(ClientCertificates::demanded);
  nobody.authorities.clear();
  EXPECT_NE(refusal(nobody).find("no authority is named"), std::string::npos) << refusal(nobody);

  TlsSetup both = tls();
  both.shared_key = [](std::string_view) { return std::optional<Secret>(); };
  EXPECT_NE(refusal(both).find("both shared keys and certificates"), std::string::npos) << refusal(both);

  HttpServer plain(setup());
  EXPECT_THROW(plain.reload(tls()), Error) << "a listener without TLS does not get it later";
}

TEST_F(HttpServerTls, who_does_not_shake_hands_in_time_is_closed) {
  ServerSetup quick = with(tls());
  quick.limits.times.handshake = milliseconds(100);
  const HttpServer server(quick);
  EXPECT_EQ(converse(server.port(), ""), "");
  EXPECT_EQ(converse(server.port(), "\x16\x03\x01"), "") << "the beginning of a hello";
  EXPECT_EQ(server.counters().handshakes_failed, 2u);
}

TEST_F(HttpServerTls, plain_HTTP_at_a_TLS_port_is_no_request) {
  const HttpServer server(with(tls()));
  EXPECT_EQ(converse(server.port(), get()).find("HTTP/1.1 2"), std::string::npos);
  EXPECT_EQ(curl(server).output, "GET /\n");
}

TEST_F(HttpServerTls, a_long_body_goes_both_ways) {
  const HttpServer server(with(tls()));
  const Ran ran =
      shell("head -c 900000 /dev/zero | tr '\\0' x | curl -sS --cacert " + quoted(authority_->files().certificate) +
            " --data-binary @- -o /dev/null -w '%{size_download}' " + "https://" + server.address() + "/");
  EXPECT_EQ(ran.output, "900007");
}

TEST_F(HttpServerTls, a_handler_learns_through_TLS_too_that_its_client_went_away) {
  std::atomic<bool> told{false};
  std::mutex mutex;
  std::vector<Reply> kept;
  const HttpServer server(with(tls(), [&](ServerRequest, Reply reply) {
    reply.on_gone([&] { told = true; });
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(reply));
  }));
  EXPECT_EQ(curl(server, "--max-time 0.3").status, 28) << "curl has waited long enough";
  EXPECT_TRUE(comes_true([&] { return told.load(); }));
}

TEST_F(HttpServerTls, test_certificates_are_what_openssl_takes_and_their_keys_are_private) {
  const std::string authority = quoted(authority_->files().certificate);
  EXPECT_EQ(shell("openssl verify -x509_strict -purpose sslserver -CAfile " + authority + " " +
                  quoted(server_files_->certificate))
                .status,
            0);
  EXPECT_EQ(shell("openssl verify -x509_strict -purpose sslclient -CAfile " + authority + " " +
                  quoted(client_files_->certificate))
                .status,
            0);
  for (const PemFiles& files : {*server_files_, *client_files_, authority_->files()}) {
    struct stat info {};
    ASSERT_EQ(::stat(files.key.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
}

/// Keys that are shared: openssl's client with -psk.
class HttpServerPsk : public HttpServerTls {
 protected:
  static TlsSetup shared() {
    TlsSetup out;
    out.shared_key = [](std::string_view identity) -> std::optional<Secret> {
      if (identity == "card 1") return Secret::take(Bytes(16, 0x11));
      if (identity == "card 2") return Secret::take(Bytes(32, 0x22));
      if (identity == "card 3") throw Error(ErrorKind::store, "the key store is away");
      return std::nullopt;
    };
    return out;
  }
  static void who(ServerRequest request, Reply reply) {
    reply.send({200, {}, "you are " + request.peer.psk_identity.value_or("nobody")});
  }
  static std::string key(const char* byte, int count) {
    std::string out = "-psk ";
    for (int i = 0; i < count; ++i) out += byte;
    return out;
  }
};

TEST_F(HttpServerPsk, a_client_with_the_key_is_known_by_its_identity) {
  const HttpServer server(with(shared(), who));
  for (const char* suite : {"PSK-AES128-CBC-SHA256", "PSK-AES256-CBC-SHA384", "PSK-AES128-GCM-SHA256",
                            "PSK-AES256-GCM-SHA384", "ECDHE-PSK-AES128-CBC-SHA256"}) {
    const Ran ran =
        s_client(server, "-tls1_2 -cipher " + std::string(suite) + " -psk_identity 'card 1' " + key("11", 16));
    EXPECT_NE(ran.output.find("you are card 1"), std::string::npos) << suite << ran.output;
    EXPECT_NE(ran.output.find(suite), std::string::npos) << ran.output;
  }
  const Ran newest =
      s_client(server, "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256 -psk_identity 'card 2' " + key("22", 32));
  EXPECT_NE(newest.output.find("you are card 2"), std::string::npos) << newest.output;
  EXPECT_NE(newest.output.find("TLSv1.3"), std::string::npos) << newest.output;
}

TEST_F(HttpServerPsk, a_wrong_key_an_unknown_identity_or_none_is_refused) {
  const HttpServer server(with(shared(), who));
  for (const char* version : {"-tls1_2 -cipher PSK", "-tls1_3"}) {
    for (const std::string& claim :
         {"-psk_identity 'card 1' " + key("22", 16), "-psk_identity 'card 9' " + key("11", 16),
          "-psk_identity 'card 3' " + key("11", 16), std::string()}) {
      const Ran ran = s_client(server, std::string(version) + " " + claim);
      EXPECT_EQ(ran.output.find("you are"), std::string::npos) << version << claim << ran.output;
    }
  }
  EXPECT_NE(shell("curl -sSk https://" + server.address() + "/").status, 0)
      << "no certificate is there to fall back on";
  EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; }));
  EXPECT_GE(server.counters().handshakes_failed, 8u);
}

}  // namespace
}  // namespace cw::net
