// What clients ask and are answered: curl, and bytes by hand.
#include <atomic>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "server_kit.h"

namespace cw::net {
namespace {

std::string url(const HttpServer& server, const std::string& target) { return "http://" + server.address() + target; }

TEST(HttpServerRequests, curl_gets_its_answer) {
  const HttpServer server(setup());
  Ran ran = shell("curl -sS -i -d hello '" + url(server, "/a?b=c") + "'");
  EXPECT_EQ(ran.status, 0);
  const size_t date = ran.output.find("\r\nDate: ");
  ASSERT_NE(date, std::string::npos) << ran.output;
  const std::string moment = ran.output.substr(date + 8, 29);
  const std::string read = shell("LC_ALL=C date -u -d '" + moment + "' '+%a, %d %b %Y %H:%M:%S GMT'").output;
  EXPECT_EQ(read, moment + "\n") << "coreutils reads it and writes the same";
  EXPECT_EQ(ran.output.erase(date, 37),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 17\r\n\r\nPOST /a?b=c\nhello");
}

TEST(HttpServerRequests, curl_sends_chunks_and_waits_to_be_asked_on) {
  const HttpServer server(setup());
  const Ran ran = shell("head -c 300000 /dev/zero | tr '\\0' x | curl -sS -v -T - -H 'Expect: 100-continue' " +
                        url(server, "/up") + " -o /dev/null -w '%{size_download}\\n'");
  EXPECT_NE(ran.output.find("< HTTP/1.1 100 Continue"), std::string::npos) << ran.output.substr(0, 2000);
  EXPECT_NE(ran.output.find("300008\n"), std::string::npos) << "the echo has them all";
}

TEST(HttpServerRequests, HEAD_says_how_long_the_answer_would_be) {
  const HttpServer server(setup());
  const Ran ran = shell("curl -sS -I " + url(server, "/"));
  EXPECT_NE(ran.output.find("Content-Length: 7\r\n"), std::string::npos) << ran.output;
  const std::string raw = converse(server.port(), "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(raw.ends_with("\r\n\r\n")) << raw;
}

TEST(HttpServerRequests, no_content_has_no_length) {
  const HttpServer server(setup([](ServerRequest, Reply reply) { reply.send({204, {}, "not sent"}); }));
  const std::string raw = converse(server.port(), get("/", "Connection: close\r\n"));
  EXPECT_TRUE(raw.starts_with("HTTP/1.1 204 No Content\r\n")) << raw;
  EXPECT_EQ(raw.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(raw.ends_with("\r\n\r\n"));
}

TEST(HttpServerRequests, pipelined_requests_are_answered_in_order_also_if_the_first_takes_longest) {
  std::vector<std::thread> threads;
  {
    std::atomic<int> at_work{0};
    const HttpServer server(setup([&](ServerRequest request, Reply reply) {
      EXPECT_EQ(++at_work, 1) << "one at a time";
      threads.emplace_back([&at_work, request = std::move(request), reply = std::move(reply)]() mutable {
        std::this_thread::sleep_for(milliseconds(request.target == "/1" ? 50 : 0));
        --at_work;
        reply.send({200, {}, request.target + request.body + ";"});
      });
    }));
    const std::string raw =
        converse(server.port(), get("/1") + "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n" + "GET /" +
                                    get("/3", "Connection: close\r\n") + get("/4"));
    EXPECT_LT(raw.find("/1;"), raw.find("/2GET /;"));
    EXPECT_LT(raw.find("/2GET /;"), raw.find("/3;"));
    EXPECT_EQ(raw.find("/4"), std::string::npos) << "nothing after Connection: close";
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(HttpServerRequests, HTTP_1_0_is_closed_unless_it_asks_to_stay) {
  const HttpServer server(setup());
  EXPECT_NE(converse(server.port(), "GET / HTTP/1.0\r\n\r\n").find("Connection: close\r\n"), std::string::npos);
  RawClient stays(server.port());
  for (int i = 0; i < 3; ++i) {
    stays.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(stays.until("GET /\n").find("Connection: keep-alive\r\n"), std::string::npos);
  }
}

TEST(HttpServerRequests, requests_arrive_whole_however_they_are_cut) {
  const HttpServer server(setup());
  RawClient client(server.port());
  const std::string request =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char c : request) client.send(std::string(1, c));
  EXPECT_TRUE(client.rest().ends_with("POST /x\nabcde"));
}

TEST(HttpServerRequests, an_answer_cannot_bring_headers_of_its_own) {
  std::string said;
  const HttpServer server(setup([&](ServerRequest request, Reply reply) {
    for (const auto& [name, value] :
         Headers{{"X-A", "1\r\nX-B: 2"}, {"X-A", std::string("\0", 1)}, {"X A", "1"}, {"Content-Length", "1"}}) {
      try {
        reply.send({200, {{name, value}}, ""});
      } catch (const Error& error) {
        said += std::string(name_of(error.kind())) + ": " + error.message() + "\n";
      }
    }
    EXPECT_THROW(reply.send({99, {}, ""}), Error);
    reply.send({200, {{"X-Ok", "1"}}, request.target});
    EXPECT_THROW(reply.send({200, {}, "again"}), Error);
  }));
  const std::string raw = converse(server.port(), get("/", "Connection: close\r\n"));
  EXPECT_NE(raw.find("X-Ok: 1\r\n"), std::string::npos) << raw;
  EXPECT_EQ(raw.find("X-B"), std::string::npos);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 4) << said;
  EXPECT_NE(said.find("usage: cannot answer with HTTP header X-A: its value has a line end"), std::string::npos)
      << said;
}

TEST(HttpServerRequests, a_handler_that_drops_or_throws_gets_500_and_a_line) {
  std::mutex mutex;
  std::string lines;
  ServerSetup with = setup([](ServerRequest request, Reply) {
    if (request.target.starts_with("/throw")) throw Error(ErrorKind::store, "the disk is full");
  });
  with.hooks.problem = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines += std::string(line) + "\n";
  };
  const HttpServer server(with);
  EXPECT_TRUE(converse(server.port(), get("/drop?token=hush", "Connection: close\r\n")).starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(converse(server.port(), get("/throw", "Connection: close\r\n")).starts_with("HTTP/1.1 500 "));
  const std::lock_guard lock(mutex);
  EXPECT_NE(lines.find("GET /drop was not answered by its handler"), std::string::npos) << lines;
  EXPECT_NE(lines.find("the handler of GET /throw failed: the disk is full"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("hush"), std::string::npos) << "a query may hold a token";
}

TEST(HttpServerRequests, a_handler_learns_that_its_client_went_away) {
  std::mutex mutex;
  std::optional<Reply> kept;
  std::atomic<bool> told{false};
  {
    const HttpServer server(setup([&](ServerRequest, Reply reply) {
      reply.on_gone([&] { told = true; });
      const std::lock_guard lock(mutex);
      kept.emplace(std::move(reply));
    }));
    {
      RawClient client(server.port());
      client.send(get());
      EXPECT_TRUE(comes_true([&] {
        const std::lock_guard lock(mutex);
        return kept.has_value();
      }));
      EXPECT_FALSE(kept->gone());
    }
    EXPECT_TRUE(comes_true([&] { return told.load(); }));
    EXPECT_TRUE(kept->gone());
    kept->send({200, {}, "to nobody"});
    EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; }));
  }
}

TEST(HttpServerRequests, a_client_that_closed_its_own_direction_still_gets_its_answer) {
  std::optional<Reply> kept;
  std::atomic<bool> asked{false}, told{false};
  const HttpServer server(setup([&](ServerRequest, Reply reply) {
    reply.on_gone([&] { told = true; });
    kept.emplace(std::move(reply));
    asked = true;
  }));
  RawClient client(server.port());
  client.send(get());
  client.end();
  EXPECT_TRUE(comes_true([&] { return asked && told; }));
  kept->send({200, {}, "late"});
  EXPECT_TRUE(client.rest().ends_with("late"));
}

TEST(HttpServerRequests, an_answer_may_come_when_the_server_is_gone) {
  std::optional<Reply> kept;
  std::atomic<bool> asked{false};
  {
    const HttpServer server(setup([&](ServerRequest, Reply reply) {
      kept.emplace(std::move(reply));
      asked = true;
    }));
    RawClient client(server.port());
    client.send(get());
    ASSERT_TRUE(comes_true([&] { return asked.load(); }));
  }
  EXPECT_TRUE(kept->gone());
  kept->send({200, {}, "to nobody"});
}

TEST(HttpServerRequests, many_clients_on_several_threads_are_counted) {
  ServerSetup with = setup();
  with.threads = 3;
  std::atomic<int> served{0};
  with.hooks.served = [&](const ServedRequest& request) { served += request.status == 200 ? 1 : 0; };
  const HttpServer server(with);
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&server] {
      RawClient client(server.port());
      for (int k = 0; k < 50; ++k) {
        client.send(get("/" + std::to_string(k)));
        EXPECT_NE(client.until("GET /" + std::to_string(k) + "\n").find(" 200 OK"), std::string::npos);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; }));
  const ServerCounters counters = server.counters();
  EXPECT_EQ(counters.accepted, 8u);
  EXPECT_EQ(counters.answers[2], 400u);
  EXPECT_EQ(served, 400);
  EXPECT_GT(counters.bytes_in, 400u * get("/1").size());
  EXPECT_GT(counters.bytes_out, counters.bytes_in);
}

TEST(HttpServerRequests, a_unix_socket_is_for_its_owner_and_says_who_asks) {
  const Folder folder;
  const std::filesystem::path path = folder / "door";
  ServerSetup with = setup([](ServerRequest request, Reply reply) {
    const auto& user = request.peer.user;
    reply.send({200, {}, user ? std::to_string(user->uid) + " " + std::to_string(user->pid) : "nobody"});
  });
  with.listen = "unix:" + path.string();
  {
    const HttpServer server(with);
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    RawClient client(path);
    client.send(get("/", "Connection: close\r\n"));
    EXPECT_TRUE(client.rest().ends_with("\r\n\r\n" + std::to_string(::getuid()) + " " + std::to_string(::getpid())));
    EXPECT_EQ(shell("curl -sS -o /dev/null -w '%{http_code}' --unix-socket " + path.string() + " http://h/").output,
              "200");
    try {
      const HttpServer second(with);
      ADD_FAILURE() << "two servers on one socket";
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("another process listens there"), std::string::npos) << error.message();
    }
    EXPECT_TRUE(std::filesystem::exists(path)) << "the first one's socket is left alone";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HttpServerRequests, a_unix_socket_that_a_killed_process_left_is_replaced_and_nothing_else_is) {
  const Folder folder;
  ServerSetup with = setup();
  with.listen = "unix:" + (folder / "door").string();
  ASSERT_EQ(
      shell("python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('" + (folder / "door").string() + "')\"")
          .status,
      0);
  ASSERT_TRUE(std::filesystem::exists(folder / "door"));
  { const HttpServer server(with); }
  ASSERT_EQ(shell("echo precious > " + (folder / "door").string()).status, 0);
  EXPECT_THROW(HttpServer{with}, Error);
  EXPECT_TRUE(std::filesystem::is_regular_file(folder / "door"));
}

TEST(HttpServerRequests, refuses_addresses_it_would_have_to_guess_about) {
  for (const char* address : {"", "8080", ":8080", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                              "127.0.0.1:http", "::1:80", "[::1]", "unix:", "127.0.0.1:1 "}) {
    ServerSetup with = setup();
    with.listen = address;
    try {
      const HttpServer server(with);
      ADD_FAILURE() << address;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(error.message().find("cannot listen on "), 0u) << error.message();
    }
  }
  const HttpServer server(setup());
  ServerSetup same = setup();
  same.listen = server.address();
  EXPECT_THROW(HttpServer{same}, Error);
}

TEST(HttpServerRequests, listens_on_IPv6) {
  ServerSetup with = setup([](ServerRequest request, Reply reply) { reply.send({200, {}, request.peer.address}); });
  with.listen = "[::1]:0";
  std::optional<HttpServer> server;
  try {
    server.emplace(with);
  } catch (const Error& error) {
    GTEST_SKIP() << error.message();
  }
  EXPECT_EQ(shell("curl -sS -g http://" + server->address() + "/").output.substr(0, 6), "[::1]:");
}

}  // namespace
}  // namespace cw::net
