// SQL on SQLite or PostgreSQL, the same text for both: what differs between the two is in here and nowhere else.
// Placeholders are $1, $2...; integers are 64 bits; @bytes and @number in a table's definition become each one's type.
//
// Thread rule: one thread at a time; Store sees to that.
#pragma once

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
  /// Several at once, in one round trip where there is one. Raises store.
  virtual std::vector<Result> run_all(const std::vector<Statement>& statements) = 0;

  /// `work` in one transaction, durable on return; rolled back if it raises. It may be called again where two
  /// transactions met (PostgreSQL), so it has no effect but through this database. Raises store: a commit whose outcome
  /// is not known says so with cause "unknown".
  virtual void transact(const std::function<void()>& work) = 0;
};

int64_t number(const Value& value);           // raises store: a corrupt row
const std::string& text(const Value& value);  // raises store
const Bytes& bytes(const Value& value);       // raises store

}  // namespace cw::store
