// Strangers who send too much, too slowly, or nothing at all. Each is answered or closed; others are served meanwhile.
#include <atomic>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "server_kit.h"

namespace cw::net {
namespace {

/// Handlers that never answer keep the Reply here.
struct Kept {
  std::mutex mutex;
  std::vector<Reply> replies;
  void keep(Reply reply) {
    const std::lock_guard lock(mutex);
    replies.push_back(std::move(reply));
  }
};

/// A byte every few milliseconds until the server has enough. Says what it answered.
std::string drip(uint16_t port, const std::string& first, const std::string& again) {
  RawClient client(port);
  client.send(first);
  std::atomic<bool> over{false};
  std::thread sender([&] {
    while (!over && client.send(again)) std::this_thread::sleep_for(milliseconds(5));
  });
  std::string answer = client.rest();
  over = true;
  sender.join();
  return answer;
}

bool serves(const HttpServer& server) {
  return converse(server.port(), get("/", "Connection: close\r\n")).starts_with("HTTP/1.1 200 ");
}

TEST(HttpServerLimits, refusals_have_their_status_one_line_and_a_closed_connection) {
  ServerSetup with = setup();
  with.limits.request = {1024, 8, 100};
  const HttpServer server(with);
  const std::pair<std::string, const char*> cases[] = {
      {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
      {get("/", "X: " + std::string(2000, 'a') + "\r\n"), "431"},
      {get("/", "A: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n"), "431"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "501"},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505"},
  };
  for (const auto& [bytes, status] : cases) {
    const std::string answer = converse(server.port(), bytes);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << bytes << " got " << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("aaa"), std::string::npos) << "a stranger's bytes are not sent back";
  }
  EXPECT_TRUE(converse(server.port(), "BREW / HTTP/1.1\r\nHost: h\r\n\r\n").ends_with("\r\n\r\nan unknown method\n"));
  EXPECT_EQ(server.counters().answers[4] + server.counters().answers[5], std::size(cases) + 1);
  EXPECT_TRUE(serves(server));
}

TEST(HttpServerLimits, curl_sees_413_although_it_is_still_sending) {
  ServerSetup with = setup();
  with.limits.request.body_bytes = 1000;
  const HttpServer server(with);
  const Ran ran =
      shell("head -c 3000000 /dev/zero | curl -sS -o /dev/null -w '%{http_code}' -H 'Expect:' -T - http://" +
            server.address() + "/");
  EXPECT_NE(ran.output.find("413"), std::string::npos) << ran.output;
}

TEST(HttpServerLimits, a_smuggled_request_is_never_answered) {
  std::atomic<int> reached{0};
  ServerSetup with = setup([&](ServerRequest request, Reply reply) {
    if (request.target == "/admin") ++reached;
    reply.send({200, {}, ""});
  });
  const HttpServer server(with);
  const std::string hidden = "GET /admin HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string& lines :
       {std::string("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        std::string("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        std::string("Transfer-Encoding: xchunked\r\n"), std::string("Transfer-Encoding : chunked\r\n"),
        std::string("Transfer-Encoding:\r\n chunked\r\n"), std::string("Content-Length: 0\r\nContent-Length: 4\r\n"),
        std::string("X: y\nContent-Length: 4\r\n")}) {
    converse(server.port(), "POST / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n0\r\n\r\n" + hidden);
  }
  EXPECT_EQ(reached, 0);
}

TEST(HttpServerLimits, a_byte_now_and_then_does_not_extend_the_time_for_headers) {
  ServerSetup with = setup();
  with.limits.times.head = milliseconds(150);
  const HttpServer server(with);
  EXPECT_TRUE(drip(server.port(), "GET / HTTP/1.1\r\nX: ", "y").starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(serves(server));
}

TEST(HttpServerLimits, the_time_for_the_next_requests_headers_begins_with_its_first_byte) {
  ServerSetup with = setup();
  with.limits.times.head = milliseconds(150);
  const HttpServer server(with);
  EXPECT_NE(drip(server.port(), get() + "GET / HTTP/1.1\r\nX: ", "y").find("HTTP/1.1 408 "), std::string::npos);
}

TEST(HttpServerLimits, a_byte_now_and_then_does_not_extend_the_time_for_a_body) {
  ServerSetup with = setup();
  with.limits.times.body = milliseconds(150);
  const HttpServer server(with);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_TRUE(drip(server.port(), head + "Content-Length: 1000000\r\n\r\n", "y").starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(
      drip(server.port(), head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\ny\r\n").starts_with("HTTP/1.1 408 "));
}

TEST(HttpServerLimits, who_says_nothing_is_closed) {
  ServerSetup with = setup();
  with.limits.times.head = milliseconds(100);
  with.limits.times.idle = milliseconds(100);
  std::atomic<int> away{0};
  with.hooks.turned_away = [&](std::string_view, std::string_view why) { away += why == "no request in time" ? 1 : 0; };
  const HttpServer server(with);
  EXPECT_EQ(converse(server.port(), ""), "");
  EXPECT_EQ(away, 1);
  EXPECT_TRUE(converse(server.port(), get()).ends_with("GET /\n")) << "answered, then closed";
}

TEST(HttpServerLimits, a_handler_that_takes_too_long_is_answered_for) {
  Kept kept;
  std::atomic<bool> told{false};
  ServerSetup with = setup([&](ServerRequest, Reply reply) {
    reply.on_gone([&] { told = true; });
    kept.keep(std::move(reply));
  });
  with.limits.times.handler = milliseconds(100);
  const HttpServer server(with);
  EXPECT_TRUE(converse(server.port(), get()).starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(told);
  kept.replies.front().send({200, {}, "too late"});
}

TEST(HttpServerLimits, a_client_that_does_not_read_its_answer_is_cut) {
  ServerSetup with = setup([](ServerRequest, Reply reply) { reply.send({200, {}, std::string(50u << 20, 'x')}); });
  with.limits.times.answer = milliseconds(200);
  std::atomic<bool> reported{false};
  with.hooks.served = [&](const ServedRequest& request) {
    reported = request.why == "the client did not take its answer in time";
  };
  const HttpServer server(with);
  RawClient client(server.port());
  client.send(get());
  EXPECT_TRUE(comes_true([&] { return reported.load(); }));
  EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; }));
}

TEST(HttpServerLimits, a_client_that_asks_and_asks_and_reads_nothing_is_cut) {
  ServerSetup with = setup([](ServerRequest, Reply reply) { reply.send({200, {}, std::string(10'000, 'x')}); });
  with.limits.times.answer = milliseconds(200);
  with.limits.requests_per_connection = 1'000'000;
  const HttpServer server(with);
  RawClient client(server.port());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += get();
  while (client.send(many)) {
  }
  EXPECT_TRUE(comes_true([&] { return server.counters().open == 0; }));
}

TEST(HttpServerLimits, a_connection_has_so_many_requests) {
  ServerSetup with = setup();
  with.limits.requests_per_connection = 3;
  const HttpServer server(with);
  const std::string raw = converse(server.port(), get("/1") + get("/2") + get("/3") + get("/4"));
  EXPECT_NE(raw.find("GET /3\n"), std::string::npos);
  EXPECT_EQ(raw.find("GET /4\n"), std::string::npos);
  EXPECT_EQ(server.counters().answers[2], 3u);
}

TEST(HttpServerLimits, one_client_has_so_many_connections_and_others_are_served) {
  const Folder folder;
  ServerSetup with = setup();
  with.limits.connections_per_client = 4;
  const HttpServer server(with);
  std::vector<std::unique_ptr<RawClient>> hogs;
  for (int i = 0; i < 4; ++i) {
    hogs.push_back(std::make_unique<RawClient>(server.port()));
    hogs.back()->send(get());
    hogs.back()->until("GET /\n");
  }
  EXPECT_EQ(converse(server.port(), ""), "") << "the fifth is closed";
  EXPECT_TRUE(shell("curl -sS --interface 127.0.0.2 http://" + server.address() + "/").output == "GET /\n")
      << "another address";
  hogs.pop_back();
  EXPECT_TRUE(comes_true([&] { return serves(server); })) << "a place that is given back can be taken";
  EXPECT_GE(server.counters().refused, 1u);
}

TEST(HttpServerLimits, there_are_so_many_connections_in_all) {
  ServerSetup with = setup();
  with.limits.connections = 2;
  const HttpServer server(with);
  RawClient one(server.port()), two(server.port());
  one.send(get());
  one.until("GET /\n");
  two.send(get());
  two.until("GET /\n");
  EXPECT_EQ(converse(server.port(), ""), "");
  EXPECT_EQ(server.counters().open, 2u);
  EXPECT_EQ(server.counters().refused, 1u);
}

TEST(HttpServerLimits, two_hundred_slow_strangers_do_not_keep_anybody_waiting) {
  ServerSetup with = setup();
  with.limits.connections_per_client = 1000;
  const HttpServer server(with);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.port()));
    slow.back()->send("GET / HTTP/1.1\r\nX-Slow: ");
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(serves(server));
  EXPECT_EQ(server.counters().answers[4], 0u);
}

TEST(HttpServerLimits, without_files_to_open_the_server_waits_and_says_so_once) {
  std::atomic<int> said{0};
  ServerSetup with = setup();
  with.hooks.problem = [&](std::string_view line) {
    said += line.find("Too many open files") != std::string_view::npos ? 1 : 0;
  };
  const HttpServer server(with);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;  // not 0: poll() asks for it, too
  RawClient client(server.port());
  ASSERT_TRUE(comes_true([&] { return server.counters().accepted == 1; }));
  // Once before: UndefinedBehaviorSanitizer opens a pipe where it meets a type for the first time.
  client.send(get());
  EXPECT_NE(client.until("GET /\n").find("200 OK"), std::string::npos);
  const int ready = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(ready, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << "in the system's queue";
  EXPECT_TRUE(comes_true([&] { return said == 1; }));
  client.send(get());
  EXPECT_NE(client.until("GET /\n").find("200 OK"), std::string::npos) << "who is in is served";
  std::this_thread::sleep_for(milliseconds(250));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(comes_true([&] { return server.counters().accepted == 2; }));
  EXPECT_EQ(said, 1);
  ::close(ready);
}

TEST(HttpServerLimits, a_flood_in_the_middle_of_a_request_is_not_read_into_memory) {
  Kept kept;
  std::atomic<bool> asked{false};
  const HttpServer server(setup([&](ServerRequest, Reply reply) {
    kept.keep(std::move(reply));
    asked = true;
  }));
  RawClient client(server.port());
  client.send(get());
  ASSERT_TRUE(comes_true([&] { return asked.load(); }));
  std::thread flood([&] {
    const std::string block(1u << 20, 'x');
    for (int i = 0; i < 64 && client.send(block); ++i) {
    }
  });
  // What the system's own buffers take is not ours: a bit more than the limit is read, and no more.
  EXPECT_TRUE(comes_true([&] { return server.counters().bytes_in > (8u << 10); }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_LT(server.counters().bytes_in, 64u << 10);
  kept.replies.front().send({200, {}, "done"});
  EXPECT_NE(client.until("HTTP/1.1 4").find("done"), std::string::npos) << "then the flood is refused";
  client.rest();
  flood.join();
}

}  // namespace
}  // namespace cw::net
