// One connection of libpq: owners, values in binary, errors as ours. Knows nothing of transactions.
//
// Thread rule: one thread at a time.
#pragma once

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
  /// Raises usage: no postgres:// URL. Does not connect.
  explicit Pq(std::string url);

  const std::string& where() const { return where_; }

  /// Connects anew. Raises store.
  void connect();
  /// Whether the connection is there, as far as can be seen without a round trip.
  bool alive();

  /// Sends all and waits for all, in one round trip. The first that fails stops those after it. Raises store.
  std::vector<Result> pipeline(const std::vector<const Statement*>& statements);
  /// The one statement, without values; what the server calls what it did.
  std::string command(const char* sql);

  /// SQLSTATE of the error that the last call raised, or empty.
  const std::string& state() const { return state_; }
  /// Ends a transaction that is open, or failed.
  void roll_back() noexcept;

 private:
  bool in_transaction() const;
  void send(const Statement& statement);
  void flush();
  static Result take(PGresult& result);
  /// Raises: what the server or the line said about it.
  [[noreturn]] void fail(const PGresult* result);
  [[noreturn]] void raise(const std::string& what, const std::string& next, const char* cause) const;

  std::string url_;
  std::string where_;
  std::string state_;
  PgConnection connection_;
  std::unordered_map<std::string, std::string> names_;  // SQL and types: name of the prepared statement
  int64_t prepared_ = 0;                                // so many since the start
};

}  // namespace cw::store
