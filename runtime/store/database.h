// SQL on SQLite or PostgreSQL, the same text for both: what differs between the two is in here and nowhere else.
// Placeholders are $1, $2...; integers are 64 bits. In a table's definition @number, @bytes and @text become each one's
// type; a SELECT that ends in @shared keeps others from changing its rows until the transaction ends; @text is compared
// byte by byte. A sum is written CAST(SUM(x) AS BIGINT).
//
// An error has the kind store and one of these causes: full, read-only, corrupt, locked, gone, unknown (a commit whose
// outcome nobody knows), or none of them.
//
// Thread rule: any thread; one at a time has it, and a transaction has it until it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace cw::store {

using Value = std::variant<std::monostate, int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

struct Result {
  std::vector<Row> rows{};
  int64_t changed = 0;  // rows that an INSERT, UPDATE or DELETE touched
};

struct Statement {
  std::string sql{};
  std::vector<Value> values{};
};

class Database {
 public:
  virtual ~Database() = default;

  /// For people: a path, or postgres://host/name without user and password.
  virtual const std::string& where() const = 0;

  /// One statement: of the transaction that is open, or by itself. Raises store.
  virtual Result run(const Statement& statement) = 0;
  /// All of them or none, in one round trip where there is one: in the transaction that is open, or in one of their
  /// own, durable on return. Raises store.
  virtual std::vector<Result> run_all(const std::vector<Statement>& statements) = 0;

  /// `work` in one transaction, durable on return; rolled back if it raises. Inside of another one it is a part of
  /// that. It may be called again where two transactions met or the server went away (PostgreSQL), so it has no effect
  /// but through this database. Raises store: a commit whose outcome is not known says so with cause "unknown".
  virtual void transact(const std::function<void()>& work) = 0;
  /// `work`, and nothing in it waits for the disk: what it writes is durable as soon as anything is that is written
  /// after it, here or by another. For what does no harm if it is lost together with all that came later.
  virtual void unhurried(const std::function<void()>& work) { work(); }
  /// `work` reads the database as of one moment, while others go on writing; it writes nothing. Raises store.
  virtual void snapshot(const std::function<void()>& work) = 0;
  /// In a transaction: whoever else locks this name waits until the transaction ends. Needed where what is written
  /// depends on what was read before, since on PostgreSQL another may write in between.
  virtual void lock(const std::string& name) = 0;

  /// Names of the tables that are there.
  virtual std::vector<std::string> tables() = 0;
  /// What was deleted leaves the disk now, as far as the engine lets us. False: others read what was there before, for
  /// longer than one waits for them, so it leaves with a later one. Raises store.
  virtual bool purge() = 0;
  /// The engine's own check of its pages: a line for each thing that is wrong.
  virtual std::vector<std::string> check() = 0;
};

/// How long a server may be away, or stand still, before what it was asked for is given up. Longer than a lease counts:
/// who waits sends nothing, and whether it may go on is looked at after that.
inline constexpr std::chrono::milliseconds kServerPatience{30'000};

/// A path, or postgres://...; `make`: an SQLite file that is not there is made, for its owner alone. `or_read`: one
/// that cannot be written is opened all the same, and raises store (read-only) where it is to be written. Raises store;
/// usage: a location that is none, nothing there.
std::unique_ptr<Database> open_database(const std::string& where, bool make, bool or_read = false,
                                        std::chrono::milliseconds patience = kServerPatience);
/// Whether `where` names a PostgreSQL server.
bool is_postgres(const std::string& where);

int64_t number(const Value& value);           // raises store: a corrupt row
const std::string& text(const Value& value);  // raises store
const Bytes& bytes(const Value& value);       // raises store

}  // namespace cw::store
