// Stopping: what is under way is finished, what is idle is closed, and nothing hangs.
#include <atomic>

#include <gtest/gtest.h>

#include "server_kit.h"

namespace cw::net {
namespace {

/// A server whose requests wait to be answered by the test.
class Held {
 public:
  explicit Held(unsigned threads = 1) {
    ServerSetup with = setup([this](ServerRequest, Reply reply) {
      const std::lock_guard lock(mutex_);
      replies_.push_back(std::move(reply));
    });
    with.threads = threads;
    server.emplace(with);
  }
  bool has(size_t count) {
    return comes_true([&] {
      const std::lock_guard lock(mutex_);
      return replies_.size() == count;
    });
  }
  void answer_all() {
    const std::lock_guard lock(mutex_);
    for (Reply& reply : replies_) reply.send({200, {}, "finished"});
  }

 private:
  std::mutex mutex_;
  std::vector<Reply> replies_;

 public:
  std::optional<HttpServer> server;
};

TEST(HttpServerDrain, answers_under_way_finish_and_idle_connections_are_closed) {
  Held held(2);
  RawClient idle(held.server->port()), busy(held.server->port()), sending(held.server->port());
  busy.send(get());
  ASSERT_TRUE(held.has(1));
  sending.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  ASSERT_TRUE(comes_true([&] { return held.server->counters().bytes_in > 70; }));

  std::atomic<bool> whole{false};
  std::thread drain([&] { whole = held.server->drain(kPatience); });
  EXPECT_EQ(idle.rest(), "") << "closed at once";
  sending.send("cd");
  ASSERT_TRUE(held.has(2));
  held.answer_all();
  for (RawClient* client : {&busy, &sending}) {
    const std::string answer = client->rest();
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("finished"));
  }
  drain.join();
  EXPECT_TRUE(whole);
  EXPECT_EQ(held.server->counters().open, 0u);
  EXPECT_NE(shell("curl -sS http://" + held.server->address() + "/").status, 0) << "nobody listens any more";
}

TEST(HttpServerDrain, what_does_not_finish_is_cut) {
  Held held;
  RawClient client(held.server->port());
  client.send(get());
  ASSERT_TRUE(held.has(1));
  EXPECT_FALSE(held.server->drain(milliseconds(50)));
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(held.server->counters().open, 0u);
  EXPECT_TRUE(held.server->drain(milliseconds(50))) << "twice is as good as once";
}

TEST(HttpServerDrain, a_server_goes_away_in_the_middle_of_everything) {
  for (int round = 0; round < 20; ++round) {
    Held held(2);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(std::make_unique<RawClient>(held.server->port()));
    clients[0]->send(get());
    clients[1]->send("GET /");
    clients[2]->send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n");
    clients[3]->send("nonsense\r\n\r\n");
    held.server.reset();
    for (const auto& client : clients) client->rest();
  }
}

}  // namespace
}  // namespace cw::net
