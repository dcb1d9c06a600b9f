#include "store/database.h"

#include <mutex>
#include <string_view>

#include "base/error.h"
#include "postgres_private.h"
#include "sqlite_private.h"

namespace cw::store {

namespace {

template <typename T>
const T& value_as(const Value& value, const char* wanted) {
  const T* found = std::get_if<T>(&value);
  if (found == nullptr) {
    throw Error(ErrorKind::store,
                std::string("the store holds a row with something else where ") + wanted +
                    " has to be: it was changed from outside; run cardwright store check",
                {}, "corrupt");
  }
  return *found;
}

/// Lets one thread at a time through. What runs inside of a transaction comes from the thread that has it.
class OneAtATime : public Database {
 public:
  explicit OneAtATime(std::unique_ptr<Database> inner) : inner_(std::move(inner)) {}

  const std::string& where() const override { return inner_->where(); }
  Result run(const Statement& statement) override {
    const std::lock_guard lock(mutex_);
    return inner_->run(statement);
  }
  std::vector<Result> run_all(const std::vector<Statement>& statements) override {
    const std::lock_guard lock(mutex_);
    return inner_->run_all(statements);
  }
  void transact(const std::function<void()>& work) override {
    const std::lock_guard lock(mutex_);
    if (inside_) return work();
    const Inside inside(inside_);
    inner_->transact(work);
  }
  void unhurried(const std::function<void()>& work) override {
    const std::lock_guard lock(mutex_);
    inner_->unhurried(work);
  }
  void snapshot(const std::function<void()>& work) override {
    const std::lock_guard lock(mutex_);
    if (inside_) return work();
    const Inside inside(inside_);
    inner_->snapshot(work);
  }
  void lock(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (!inside_) throw Error(ErrorKind::internal, "a name is locked outside of a transaction");
    inner_->lock(name);
  }
  std::vector<std::string> tables() override {
    const std::lock_guard lock(mutex_);
    return inner_->tables();
  }
  bool purge() override {
    const std::lock_guard lock(mutex_);
    return inner_->purge();
  }
  std::vector<std::string> check() override {
    const std::lock_guard lock(mutex_);
    return inner_->check();
  }

 private:
  /// While a transaction is open; also when it ends by an error.
  struct Inside {
    explicit Inside(bool& inside) : flag(inside) { flag = true; }
    ~Inside() { flag = false; }
    bool& flag;
  };

  std::recursive_mutex mutex_;
  bool inside_ = false;
  std::unique_ptr<Database> inner_;
};

}  // namespace

int64_t number(const Value& value) { return value_as<int64_t>(value, "a number"); }
const std::string& text(const Value& value) { return value_as<std::string>(value, "text"); }
const Bytes& bytes(const Value& value) { return value_as<Bytes>(value, "bytes"); }

bool is_postgres(const std::string& where) {
  return where.starts_with("postgres://") || where.starts_with("postgresql://");
}

std::unique_ptr<Database> open_database(const std::string& where, bool make, bool or_read,
                                        std::chrono::milliseconds patience) {
  if (where.empty()) {
    throw Error(ErrorKind::usage, "the store has no location: name a file, or postgres://host/database");
  }
  return std::make_unique<OneAtATime>(is_postgres(where) ? open_postgres(where, patience)
                                                         : open_sqlite(where, make, or_read));
}

}  // namespace cw::store
