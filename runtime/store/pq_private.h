// One connection of libpq: owners, values in binary, errors as ours. Knows nothing of transactions. Nothing here waits
// without end: a server from which no byte comes for so long is given up, and so is its connection.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

#include <libpq-fe.h>

#include "store/database.h"

namespace cw::store {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgResult = std::unique_ptr<PGresult, ClearResult>;
using PgConnection = std::unique_ptr<PGconn, FinishConnection>;

class Pq {
 public:
  /// `patience`: how long nothing may come back. Raises usage: no postgres:// URL. Does not connect.
  Pq(std::string url, std::chrono::milliseconds patience);

  const std::string& where() const { return where_; }

  /// Connects anew. Raises store.
  void connect();
  /// Whether the connection is there, as far as can be seen without a round trip.
  bool alive();

  /// Whether the last connection was given up because the server stood still.
  bool stalled() const { return stalled_; }

  /// Sends all and waits for all, in one round trip. The first that fails stops those after it. Raises store.
  std::vector<Result> pipeline(const std::vector<const Statement*>& statements);
  /// Statements without values; what the server calls what it did last.
  std::string command(const std::string& sql);

  /// SQLSTATE of the error that the last call raised, or empty.
  const std::string& state() const { return state_; }
  /// Ends a transaction that is open, or failed.
  void roll_back() noexcept;

 private:
  std::chrono::milliseconds statement_limit() const { return patience_ * 5 / 6; }
  std::chrono::milliseconds lock_limit() const { return patience_ / 3; }
  bool in_transaction() const;
  void send(const Statement& statement);
  void flush();
  /// Until the server has sent something, or takes something where `writes`: which of them. Raises store: neither.
  int await(bool writes);
  /// As PQgetResult().
  PgResult next();
  static Result take(PGresult& result);
  /// Raises: what the server or the line said about it.
  [[noreturn]] void fail(const PGresult* result);
  [[noreturn]] void raise(const std::string& what, const std::string& next, const char* cause) const;

  std::string url_;
  std::chrono::milliseconds patience_;
  std::string where_;
  std::string state_;
  PgConnection connection_;
  bool stalled_ = false;
  std::unordered_map<std::string, std::string> names_;  // SQL and types: name of the prepared statement
  int64_t prepared_ = 0;                                // so many since the start
};

}  // namespace cw::store
