#include "store/database.h"

#include <limits>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engines.h"
#include "store/schema.h"

namespace cw::store {
namespace {

class Databases : public OnEngine {
 protected:
  static void make_table(Database& db) {
    db.run({"CREATE TABLE things (name @text PRIMARY KEY, count @number, content @bytes)", {}});
  }
  static int64_t rows(Database& db) { return number(db.run({"SELECT COUNT(*) FROM things", {}}).rows[0][0]); }
};

TEST_P(Databases, give_back_every_value_as_it_was_put_in) {
  const auto db = database();
  make_table(*db);
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  const std::vector<Row> rows = {{"a", int64_t{0}, Bytes{}},
                                 {"b \xC3\xA9 '$1' --", std::numeric_limits<int64_t>::min(), all},
                                 {"c", std::numeric_limits<int64_t>::max(), Bytes(100'000, 7)},
                                 {"", Value{}, Value{}}};
  for (const Row& row : rows) {
    EXPECT_EQ(db->run({"INSERT INTO things (name, count, content) VALUES ($1, $2, $3)", row}).changed, 1);
  }
  for (const Row& row : rows) {
    const Result found = db->run({"SELECT name, count, content FROM things WHERE name = $1", {row[0]}});
    ASSERT_EQ(found.rows.size(), 1u);
    EXPECT_EQ(found.rows[0], row);
  }
  EXPECT_EQ(refusal([&] { number(rows[0][0]); }).substr(0, 40), "store: the store holds a row with someth");
}

TEST_P(Databases, bind_values_by_their_number_and_as_often_as_named) {
  const auto db = database();
  make_table(*db);
  db->run({"INSERT INTO things (count, name) VALUES ($2, $1)", {"x", int64_t{2}}});
  EXPECT_EQ(db->run({"UPDATE things SET count = count + $2 WHERE name = $1 AND count = $2 RETURNING count",
                     {"x", int64_t{2}}})
                .rows[0][0],
            Value(int64_t{4}));
  const Result none =
      db->run({"INSERT INTO things (name) SELECT name FROM things WHERE count = $1 "
               "ON CONFLICT DO NOTHING",
               {int64_t{4}}});
  EXPECT_EQ(none.changed, 0);
}

TEST_P(Databases, compare_text_byte_by_byte) {
  const auto db = database();
  make_table(*db);
  for (const char* name : {"b", "B", "a", "_", "a0"}) db->run({"INSERT INTO things (name) VALUES ($1)", {name}});
  std::string order;
  for (const Row& row : db->run({"SELECT name FROM things ORDER BY name", {}}).rows) order += text(row[0]) + " ";
  EXPECT_EQ(order, "B _ a a0 b ");
}

TEST_P(Databases, keep_all_of_a_transaction_or_nothing) {
  const auto db = database();
  make_table(*db);
  const auto put = [&](const char* name) { db->run({"INSERT INTO things (name) VALUES ($1)", {name}}); };
  db->transact([&] {
    put("a");
    db->transact([&] { put("b"); });
  });
  EXPECT_EQ(rows(*db), 2);
  EXPECT_EQ(refusal([&] {
              db->transact([&] {
                put("c");
                throw Error(ErrorKind::budget, "no more");
              });
            }),
            "budget: no more");
  EXPECT_THROW(db->transact([&] {
    put("d");
    put("a");
  }),
               Error);
  EXPECT_THROW(db->transact([&] {
    put("e");
    throw std::out_of_range("not an error of ours");
  }),
               std::out_of_range);
  EXPECT_EQ(rows(*database()), 2);
  put("c");
  EXPECT_EQ(rows(*database()), 3);
}

TEST_P(Databases, wait_for_the_disk_again_after_what_did_not) {
  const auto db = database();
  make_table(*db);
  const auto waits = [&] {
    if (on_postgres()) return text(db->run({"SELECT current_setting('synchronous_commit')", {}}).rows[0][0]) == "on";
    return number(db->run({"PRAGMA synchronous", {}}).rows[0][0]) == 2;
  };
  const auto put = [&](const char* name) { db->run({"INSERT INTO things (name) VALUES ($1)", {name}}); };
  const auto put_unhurried = [&] {
    db->unhurried([&] {
      db->transact([&] {
        EXPECT_FALSE(waits());
        put("a");
      });
      EXPECT_EQ(db->run_all({{"INSERT INTO things (name) VALUES ('b')", {}}, {"SELECT name FROM things", {}}})
                    .at(1)
                    .rows.size(),
                2u);
      throw Error(ErrorKind::usage, "enough");
    });
  };
  EXPECT_TRUE(waits());
  EXPECT_EQ(refusal(put_unhurried), "usage: enough");
  EXPECT_EQ(rows(*database()), 2) << "another connection sees it at once";
  EXPECT_TRUE(waits());
  db->transact([&] {
    EXPECT_TRUE(waits());
    db->unhurried([&] { put("c"); });
    EXPECT_TRUE(waits());
  });
  EXPECT_EQ(rows(*db), 3);
}

TEST_P(Databases, run_several_statements_as_one_and_go_on_after_one_that_failed) {
  const auto db = database();
  make_table(*db);
  const auto put = [](const char* name) { return Statement{"INSERT INTO things (name) VALUES ($1)", {name}}; };
  const std::vector<Result> results =
      db->run_all({put("a"), put("b"), {"SELECT name FROM things ORDER BY name", {}}, {"DELETE FROM things", {}}});
  EXPECT_EQ(results[0].changed, 1);
  EXPECT_EQ(results[2].rows, (std::vector<Row>{{"a"}, {"b"}}));
  EXPECT_EQ(results[3].changed, 2);
  EXPECT_THROW(db->run_all({put("a"), put("a"), put("b")}), Error);
  EXPECT_EQ(rows(*db), 0);
  db->transact([&] { db->run_all({put("a"), put("b")}); });
  EXPECT_EQ(rows(*database()), 2);
  EXPECT_TRUE(db->run_all({}).empty());
}

TEST_P(Databases, send_more_at_once_than_a_socket_holds) {
  const auto db = database();
  make_table(*db);
  std::vector<Statement> many;
  for (int i = 0; i < 300; ++i) {
    many.push_back({"INSERT INTO things (name, content) VALUES ($1, $2) RETURNING content",
                    {std::to_string(i), Bytes(20'000, 1)}});
  }
  const std::vector<Result> results = db->run_all(many);
  ASSERT_EQ(results.size(), 300u);
  EXPECT_EQ(bytes(results[299].rows[0][0]).size(), 20'000u);
}

TEST_P(Databases, count_right_whoever_counts_at_the_same_time) {
  make_table(*database());
  database()->run({"INSERT INTO things (name, count) VALUES ('n', 0)", {}});
  const auto shared = database();
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      const auto own = t % 2 == 0 ? database() : nullptr;
      Database& db = own ? *own : *shared;
      for (int i = 0; i < 20; ++i) {
        db.transact([&] {
          db.lock("count");
          const int64_t before = number(db.run({"SELECT count FROM things", {}}).rows[0][0]);
          db.run({"UPDATE things SET count = $1", {before + 1}});
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(number(shared->run({"SELECT count FROM things", {}}).rows[0][0]), 120);
}

TEST_P(Databases, do_it_again_where_two_transactions_were_in_each_others_way) {
  make_table(*database());
  database()->run({"INSERT INTO things (name, count) VALUES ('a', 0), ('b', 0)", {}});
  std::vector<std::thread> threads;
  for (const auto& [first, second] : {std::pair{"a", "b"}, {"b", "a"}}) {
    threads.emplace_back([this, one = std::string(first), other = std::string(second)] {
      const auto db = database();
      for (int i = 0; i < 10; ++i) {
        db->transact([&] {
          for (const std::string& name : {one, other}) {
            db->run({"UPDATE things SET count = count + 1 WHERE name = $1", {name}});
          }
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(database()->run({"SELECT count FROM things ORDER BY name", {}}).rows,
            (std::vector<Row>{{int64_t{20}}, {int64_t{20}}}));
}

TEST_P(Databases, get_their_tables_once_and_say_which_format_they_have) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { database_with_tables(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(format_of(*database()), formats().back().number);
  EXPECT_TRUE(database()->check().empty());
}

TEST_P(Databases, are_brought_to_a_newer_format_only_where_that_is_wanted) {
  const std::vector<Format> old = {
      {1, {"CREATE TABLE meta (name @text PRIMARY KEY, number @number, bytes @bytes)", "CREATE TABLE a (x @number)"}}};
  std::vector<Format> newer = old;
  newer.push_back({2, {"ALTER TABLE a ADD COLUMN y @text"}});
  const auto db = database();
  EXPECT_EQ(cause_of([&] { bring_up(*db, old, false, true); }), "older");
  EXPECT_EQ(bring_up(*db, old, true, false), 0);
  EXPECT_EQ(bring_up(*db, old, true, false), 1);

  const std::string said = refusal([&] { bring_up(*db, newer, true, false); });
  EXPECT_NE(said.find("it has format 1, and this cardwright wants format 2"), std::string::npos) << said;
  EXPECT_EQ(bring_up(*db, newer, false, true), 1);
  db->run({"INSERT INTO a (x, y) VALUES (1, 'new')", {}});

  EXPECT_EQ(cause_of([&] { bring_up(*db, old, true, true); }), "newer");
  const std::string refused = refusal([&] { bring_up(*db, old, true, true); });
  EXPECT_NE(refused.find("it has format 2, written by a newer cardwright; this one reads formats up to 1"),
            std::string::npos)
      << refused;
}

TEST_P(Databases, of_somebody_else_are_left_alone) {
  const auto db = database();
  make_table(*db);
  EXPECT_NE(refusal([&] { bring_up(*db, formats(), true, true); }).find("not those of cardwright"), std::string::npos);
  EXPECT_EQ(db->tables(), (std::vector<std::string>{"things"}));
}

INSTANTIATE_TEST_SUITE_P(On, Databases, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
