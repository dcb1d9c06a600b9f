// What can happen to a store that is on a server.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "own_server.h"
#include "stores.h"

namespace cw::store {
namespace {

class PostgresStore : public OnStore {
 protected:
  /// Eight threads append so many frames each while `meanwhile` does what it does; then nothing is lost or doubled.
  static void append_while(Store& store, int frames, const std::function<void(const std::atomic<int>&)>& meanwhile) {
    constexpr int kThreads = 8;
    std::vector<Lease> leases;
    for (int t = 0; t < kThreads; ++t) leases.push_back(begin(store));
    std::atomic<int> running{kThreads};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        EXPECT_EQ(refusal([&] {
                    for (int i = 1; i <= frames; ++i) {
                      store.runs().append(leases[t], to_bytes(std::to_string(t) + " " + std::to_string(i)));
                      leases[t].check();
                    }
                  }),
                  "");
        --running;
      });
    }
    meanwhile(running);
    for (std::thread& thread : threads) thread.join();
    for (int t = 0; t < kThreads; ++t) {
      const std::vector<Bytes> found = store.runs().frames(leases[t].run());
      ASSERT_EQ(found.size(), frames + 1u);
      for (int i = 1; i <= frames; ++i) EXPECT_EQ(found[i], to_bytes(std::to_string(t) + " " + std::to_string(i)));
    }
  }

  static void wait(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
};

TEST_P(PostgresStore, whose_connections_are_cut_again_and_again_loses_and_doubles_nothing) {
  const std::string name = std::filesystem::path(folder()).filename().string();
  StoreOptions wanted = options();
  wanted.where += "&application_name=" + name;
  const auto store = Store::open(wanted);
  const auto admin = open_database(::getenv("CW_TEST_POSTGRES"), false);
  size_t cuts = 0;
  append_while(*store, 150, [&](const std::atomic<int>& running) {
    while (running > 0) {
      cuts += admin
                  ->run({"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 "
                         "AND backend_start < now() - interval '20 ms'",
                         {name}})
                  .rows.size();
      wait(15);
    }
  });
  EXPECT_GT(cuts, 0);
}

TEST_P(PostgresStore, waits_for_a_server_that_is_started_again) {
  const OwnServer server(folder());
  ASSERT_EQ(server.trouble(), "");
  StoreOptions wanted = options();
  wanted.where = server.url();
  const auto store = Store::open(wanted);
  append_while(*store, 150, [&](const std::atomic<int>& running) {
    for (int i = 0; i < 2 && running > 0; ++i) {
      wait(50);
      EXPECT_TRUE(server.does("halt_postgres; resume_postgres"));
    }
  });
  EXPECT_TRUE(server.does("halt_postgres"));
  EXPECT_EQ(cause_of([&] { Store::open(wanted); }), "gone");
  EXPECT_NE(refusal([&] { Store::open(wanted); }).find("look whether the server runs"), std::string::npos);
  EXPECT_TRUE(server.does("resume_postgres"));
}

TEST(PostgresUrl, never_shows_a_password) {
  const std::string refused = refusal([] { open_database("postgres://ada:hunter2@127.0.0.1:1/cards", true); });
  EXPECT_EQ(refused.find("store: cannot use the store postgres://127.0.0.1:1/cards: "), 0u) << refused;
  EXPECT_EQ(refused.find("hunter2"), std::string::npos) << refused;
  EXPECT_EQ(cause_of([] { open_database("postgres://ada:hunter2@127.0.0.1:1/cards", true); }), "gone");
  for (const char* bad : {"postgres://ada:hunter@2@host/cards", "postgres://ada:hunter%2@host/cards",
                          "postgres://ada:x@host/cards?nonsense=hunter2", "postgresql://ada:/hunter2@host/x?"}) {
    const std::string said = refusal([&] { open_database(bad, true); });
    EXPECT_EQ(said.find("usage: the location of the store is no URL of PostgreSQL"), 0u) << said;
    EXPECT_EQ(said.find("hunter"), std::string::npos) << said;
  }
}

INSTANTIATE_TEST_SUITE_P(On, PostgresStore, ::testing::Values(Engine::postgres), engine_name);

}  // namespace
}  // namespace cw::store
