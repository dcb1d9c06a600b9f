// TLS as curl and openssl see it: who is let in, with what, and who is not.
#include <atomic>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/files.h"
#include "net/http_client.h"
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
  /// A list by the openssl command.
  static std::filesystem::path revoked(const PemFiles& authority, const std::string& name,
                                       const std::string& options = "-crldays 1",
                                       const std::filesystem::path* who = nullptr) {
    const std::string ca = "openssl ca -batch -config ca.conf -cert " + quoted(authority.certificate) + " -keyfile " +
                           quoted(authority.key) + " ";
    const Ran made = shell("cd " + quoted(folder_->path()) +
                           " && : > index && echo 01 > number && printf '[ca]\\ndefault_ca=a\\n[a]\\ndatabase=index"
                           "\\ncrlnumber=number\\ndefault_md=sha256\\ndefault_crl_days=1\\n' > ca.conf && " +
                           (who ? ca + "-revoke " + quoted(*who) + " && " : std::string()) + ca + "-gencrl " + options +
                           " -out " + name);
    EXPECT_EQ(made.status, 0) << made.output;
    return folder_->path() / name;
  }
  static std::string get_text(const std::string& path) { return "GET " + path + " HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n"; }
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

TEST_F(HttpServerTls, a_certificate_that_does_not_say_it_is_a_clients_is_refused) {
  const Ran made =
      shell("cd " + quoted(folder_->path()) +
            " && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout any.key "
            "-subj '/CN=device 7' -out any.csr && openssl x509 -req -in any.csr -days 1 -CA " +
            quoted(authority_->files().certificate) + " -CAkey " + quoted(authority_->files().key) + " -out any.pem");
  ASSERT_EQ(made.status, 0) << made.output;
  const PemFiles any{folder_->path() / "any.pem", folder_->path() / "any.key"};
  std::mutex mutex;
  std::string why;
  for (const ClientCertificates clients : {ClientCertificates::demanded, ClientCertificates::asked}) {
    ServerSetup listening = with(tls(clients));
    listening.hooks.turned_away = [&](std::string_view, std::string_view reason) {
      const std::lock_guard lock(mutex);
      why = reason;
    };
    const HttpServer server(listening);
    EXPECT_NE(curl(server, as(any)).status, 0);
    EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; }));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(why, "no TLS: its certificate is none of a client (extendedKeyUsage clientAuth)");
  }
}

TEST_F(HttpServerTls, a_revoked_certificate_is_refused) {
  const PemFiles bad = authority_->issue({"revoked", {}, {}});
  TlsSetup careful = tls(ClientCertificates::demanded);
  careful.revoked = revoked(authority_->files(), "revoked.pem", "", &bad.certificate);
  const HttpServer server(with(careful));
  EXPECT_EQ(curl(server, as(*client_files_)).output, "GET /\n");
  EXPECT_NE(curl(server, as(bad)).status, 0);
}

TEST_F(HttpServerTls, lists_that_would_let_nobody_in_or_are_not_the_authoritys_are_refused_when_it_begins) {
  const DemoAuthority namesake(folder_->path() / "namesake");  // of the same name, with another key
  TlsSetup careful = tls(ClientCertificates::demanded);
  const auto said = [&](const std::filesystem::path& list) {
    careful.revoked = list;
    return refusal(careful);
  };
  const auto good = revoked(authority_->files(), "good.pem");
  EXPECT_EQ(said(good), "nothing");
  const std::string none =
      "it holds no revocation list by the key of CN=cardwright test authority, so nobody that it "
      "vouches for could be trusted; add that one's, PEM after PEM";
  EXPECT_NE(said(revoked(namesake.files(), "other.pem")).find(none), std::string::npos);
  EXPECT_NE(said(revoked(authority_->files(), "early.pem",
                         "-crl_lastupdate 20990101000000Z -crl_nextupdate "
                         "20990201000000Z"))
                .find("the revocation list begins at 2099-01-01T00:00:00Z only"),
            std::string::npos);
  EXPECT_NE(said(revoked(authority_->files(), "late.pem",
                         "-crl_lastupdate 20200101000000Z -crl_nextupdate "
                         "20200201000000Z"))
                .find("the revocation list is out of date since 2020-02-01T00:00:00Z"),
            std::string::npos);
  const auto both = folder_->path() / "both.pem";
  ASSERT_EQ(shell("cat " + quoted(good) + " " + quoted(folder_->path() / "other.pem") + " > " + quoted(both)).status,
            0);
  EXPECT_NE(said(both).find("a revocation list of CN=cardwright test authority is not by its key"), std::string::npos);
  careful.authorities.push_back(namesake.files().certificate);
  EXPECT_EQ(said(both), "nothing") << "each has its own";
  EXPECT_NE(said(good).find(none), std::string::npos);
}

TEST_F(HttpServerTls, a_client_of_ours_sends_nothing_to_a_server_whose_certificate_was_revoked) {
  const HttpServer server(with(tls()));
  HttpLimits limits{.ca_file = authority_->files().certificate};
  const auto said = [&](const std::filesystem::path& lists) {
    limits.revoked = lists;
    try {
      return send({"GET", "https://" + server.address() + "/"}, limits).body;
    } catch (const Error& error) {
      return std::string(name_of(error.kind())) + ": " + error.message();
    }
  };
  const auto good = revoked(authority_->files(), "nobody.crl");
  EXPECT_EQ(said(good), "GET /\n");
  const auto bad = revoked(authority_->files(), "server.crl", "", &server_files_->certificate);
  EXPECT_NE(said(bad).find("http: GET https://" + server.address() + "/: the server's certificate was revoked, as " +
                           bad.string() + " has it; nothing was sent"),
            std::string::npos)
      << said(bad);
  // A list that is replaced counts at once.
  std::filesystem::copy_file(good, bad, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(said(bad), "GET /\n");
  const DemoAuthority other(folder_->path() / "another");
  EXPECT_EQ(said(revoked(other.files(), "another.crl")).substr(0, 6), "http: ");
  EXPECT_NE(
      said(revoked(authority_->files(), "old.crl", "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z"))
          .find("out of date since 2020-02-01T00:00:00Z"),
      std::string::npos)
      << "and it is tried again, since the next list comes";
  EXPECT_NE(said(folder_->path() / "none.crl").find("none.crl"), std::string::npos);
  limits.ca_file.clear();
  EXPECT_NE(said(good).find("they are of authorities that are named"), std::string::npos);
}

TEST_F(HttpServerTls, an_authority_between_that_was_revoked_vouches_for_nobody) {
  const Ran made =
      shell("cd " + quoted(folder_->path()) +
            " && new='openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc' && "
            "ca='basicConstraints=critical,CA:TRUE' && use='keyUsage=keyCertSign,cRLSign' && "
            "$new -x509 -keyout top.key -subj /CN=top -addext $use -out top.pem && "
            "$new -keyout mid.key -subj /CN=mid -out mid.csr && printf \"$ca\\n$use\\n\" > mid.ext && "
            "openssl x509 -req -in mid.csr -days 1 -CA top.pem -CAkey top.key -extfile mid.ext -out mid.pem && "
            "$new -keyout leaf.key -subj /CN=leaf -out leaf.csr && echo extendedKeyUsage=clientAuth > leaf.ext && "
            "openssl x509 -req -in leaf.csr -days 1 -CA mid.pem -CAkey mid.key -extfile leaf.ext -out leaf.pem && "
            "cat leaf.pem mid.pem > chain.pem");
  ASSERT_EQ(made.status, 0) << made.output;
  const auto at = [](const char* name) { return folder_->path() / name; };
  const PemFiles top{at("top.pem"), at("top.key")}, mid{at("mid.pem"), at("mid.key")};
  const PemFiles client{at("chain.pem"), at("leaf.key")};
  const auto of_mid = revoked(mid, "mid.crl");
  const auto lets_in = [&](const std::filesystem::path& of_top) {
    EXPECT_EQ(shell("cat " + quoted(of_top) + " " + quoted(of_mid) + " > " + quoted(at("chain.crl"))).status, 0);
    TlsSetup careful = tls(ClientCertificates::demanded);
    careful.authorities = {top.certificate};
    careful.revoked = at("chain.crl");
    const HttpServer server(with(careful));
    return curl(server, as(client)).status == 0;
  };
  EXPECT_TRUE(lets_in(revoked(top, "top.crl")));
  EXPECT_FALSE(lets_in(revoked(top, "top.crl", "", &mid.certificate)));
}

TEST_F(HttpServerTls, who_was_let_in_before_a_reload_has_to_come_in_again) {
  std::mutex mutex;
  std::vector<Reply> kept;
  HttpServer server(with(tls(ClientCertificates::demanded), [&](ServerRequest request, Reply reply) {
    if (request.target == "/1") return reply.send({200, {}, "at once\n"});
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(reply));
  }));
  const std::string client = "timeout 20 openssl s_client -quiet " + std::string("-cert ") +
                             quoted(client_files_->certificate) + " -key " + quoted(client_files_->key) + " -connect " +
                             server.address();
  std::string idle, busy;
  std::thread waits([&] { idle = shell("{ printf '" + get_text("/1") + "' ; } | " + client).output; });
  std::thread works([&] { busy = shell("{ printf '" + get_text("/2") + "' ; } | " + client).output; });
  EXPECT_TRUE(comes_true([&] {
    const std::lock_guard lock(mutex);
    return kept.size() == 1 && server.counters().answers[2] == 1;
  }));
  server.reload(tls(ClientCertificates::demanded));
  EXPECT_TRUE(comes_true([&] { return server.counters().open == 1; })) << "the idle one is gone";
  {
    const std::lock_guard lock(mutex);
    kept.front().send({200, {}, "what was asked before\n"});
  }
  EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; })) << "and the other after its answer";
  waits.join();
  works.join();
  EXPECT_NE(idle.find("at once"), std::string::npos) << idle;
  EXPECT_NE(busy.find("what was asked before"), std::string::npos) << busy;
  EXPECT_NE(busy.find("Connection: close"), std::string::npos) << busy;
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
