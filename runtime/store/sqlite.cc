#include <cctype>
#include <chrono>
#include <filesystem>
#include <thread>
#include <unordered_map>

#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hex.h"
#include "sqlite_private.h"
#include "turn_private.h"

namespace cw::store {

namespace {

using Clock = std::chrono::steady_clock;

// How long another process may have the file before we say so.
constexpr std::chrono::milliseconds kPatience{10'000};

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// A statement is ready for its next use, and what was bound to it is gone.
struct Rewind {
  sqlite3_stmt* statement;
  ~Rewind() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

class Sqlite : public Database {
 public:
  Sqlite(const std::string& path, bool make, bool or_read) : where_(path) {
    if (make) make_file();
    const bool writable = is_writable();
    if (!writable && !or_read) raise_read_only("open");
    sqlite3* opened = nullptr;
    const int flags = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    const int code =
        sqlite3_open_v2((writable ? absolute() : to_read()).c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(opened);
    if (code != SQLITE_OK) fail("open");
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_handler(opened, wait_for_others, &waits_since_);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    if (writable) want_write_ahead_log();
    if (writable) folder_ = Fd(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const char* pragma : {"PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON",
                               "PRAGMA trusted_schema = OFF"}) {
      execute(pragma, "open");
    }
  }

  const std::string& where() const override { return where_; }

  Result run(const Statement& statement) override {
    want_synchronous();
    sqlite3_stmt* prepared = prepare(statement.sql);
    const Rewind rewind{prepared};
    bind(prepared, statement.values);
    Result result;
    const bool writes = sqlite3_stmt_readonly(prepared) == 0 && sqlite3_get_autocommit(db_.get()) != 0;
    const Turn turn(writes ? folder_.get() : -1);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) result.rows.push_back(row(prepared));
    if (code != SQLITE_DONE) fail(doing(prepared));
    if (sqlite3_stmt_readonly(prepared) == 0) result.changed = sqlite3_changes64(db_.get());
    return result;
  }

  std::vector<Result> run_all(const std::vector<Statement>& statements) override {
    std::vector<Result> results;
    const auto work = [&] {
      for (const Statement& statement : statements) results.push_back(run(statement));
    };
    if (sqlite3_get_autocommit(db_.get()) == 0) {
      work();
    } else {
      transact(work);
    }
    return results;
  }

  void transact(const std::function<void()>& work) override {
    want_synchronous();
    {
      const Turn turn(folder_.get());
      execute("BEGIN IMMEDIATE", "write to");
    }
    Rollback rollback{db_.get()};
    work();
    execute("COMMIT", "write to");
    rollback.db = nullptr;
  }

  // The next commit that waits takes the whole log to the disk, in which this comes before it.
  void unhurried(const std::function<void()>& work) override {
    const Unhurried unhurried(unhurried_);
    work();
  }

  void snapshot(const std::function<void()>& work) override {
    execute("BEGIN", "read");
    Rollback rollback{db_.get()};
    work();
    execute("COMMIT", "read");
    rollback.db = nullptr;
  }

  // A transaction has the whole file.
  void lock(const std::string&) override {}

  std::vector<std::string> tables() override {
    std::vector<std::string> names;
    const Result found = run({"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", {}});
    for (const Row& each : found.rows) names.push_back(text(each[0]));
    return names;
  }

  // Old pages stay in the log until it is written over, so it is emptied; its first column says whether somebody was in
  // the way.
  bool purge() override { return number(run({"PRAGMA wal_checkpoint(TRUNCATE)", {}}).rows.at(0).at(0)) == 0; }

  std::vector<std::string> check() override {
    std::vector<std::string> wrong;
    for (const Row& each : run({"PRAGMA integrity_check(20)", {}}).rows) {
      if (text(each[0]) != "ok") wrong.push_back(where_ + ": " + text(each[0]));
    }
    return wrong;
  }

 private:
  struct Rollback {
    sqlite3* db;
    ~Rollback() {
      if (db != nullptr && sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    }
  };

  struct Unhurried {
    explicit Unhurried(int& depth) : count(depth) { ++count; }
    ~Unhurried() { --count; }
    int& count;
  };

  /// SQLite's own way of waiting sleeps ever longer, and then comes late.
  static int wait_for_others(void* since, int times) {
    auto& begin = *static_cast<Clock::time_point*>(since);
    if (times == 0) begin = Clock::now();
    if (Clock::now() - begin > kPatience) return 0;
    std::this_thread::sleep_for(std::chrono::microseconds(times < 20 ? 200 : 1000));
    return 1;
  }

  static std::string folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
  }

  /// Before each transaction, so that none is less durable than it has to be.
  void want_synchronous() {
    const bool full = unhurried_ == 0;
    if (full == full_ || sqlite3_get_autocommit(db_.get()) == 0) return;
    execute(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", "write to");
    full_ = full;
  }

  /// Made by us, so that nobody else could read it for a moment; SQLite gives the files beside it the same mode.
  void make_file() {
    const int file = ::open(where_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
      if (errno == EEXIST) return;
      const int error = errno;
      const std::string folder = std::filesystem::path(where_).parent_path().string();
      raise("make", ::strerror(error),
            error == ENOENT ? "make the folder " + folder + " first" : "look who may write to its folder",
            error == EROFS || error == EACCES ? "read-only" : "");
    }
    ::close(file);
    const int folder = ::open(folder_of(where_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool kept = folder >= 0 && ::fsync(folder) == 0;
    if (folder >= 0) ::close(folder);
    if (!kept) raise("make", "its folder could not be written to the disk", "look at that disk", "");
  }

  /// Looked at before SQLite opens it: that would be content to read, and leave files behind that nobody can write to.
  bool is_writable() const {
    const std::string folder = folder_of(where_);
    const auto allowed = [](const std::string& path) {
      return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
    };
    if (!allowed(where_) && errno == ENOENT) {
      throw Error(ErrorKind::usage, "there is no store " + where_ + "; a run with --store makes one");
    }
    for (const std::string& path : {where_, where_ + "-wal", where_ + "-shm", folder}) {
      if (!allowed(path) && errno != ENOENT) return false;
    }
    return true;
  }

  /// To SQLite a name like ":memory:" is no file.
  std::string absolute() const { return std::filesystem::absolute(where_).string(); }

  /// What lies where nothing can be written, as a URI. While others have it open, its log and the index of that are
  /// there, and SQLite reads with them. Without a log nobody has, and nothing changes. A log alone is what is left of a
  /// copy, or of a process that died: to take it in, something would have to be written, and without it the newest
  /// records would be missing.
  std::string to_read() const {
    std::error_code none;
    const auto size = std::filesystem::file_size(where_ + "-wal", none);
    const bool log = !none, index = std::filesystem::exists(where_ + "-shm", none);
    if (log && size != 0 && !index) {
      raise("open", "its newest records are in a log that was not taken in, " + where_ + "-wal, and that writes",
            "copy both files and the key file to a folder that can be written, and look there", "read-only");
    }
    std::string uri = "file:";
    for (const char c : absolute()) {
      const bool plain =
          std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
      uri += plain ? std::string(1, c) : "%" + to_hex(static_cast<uint8_t>(c));
    }
    return uri + (log && index ? "?mode=ro" : "?mode=ro&immutable=1");
  }

  /// Two processes that do this to a new file at the same time get in each other's way, and SQLite does not wait then.
  void want_write_ahead_log() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      StatementPtr statement;
      sqlite3_stmt* prepared = nullptr;
      int code = sqlite3_prepare_v2(db_.get(), "PRAGMA journal_mode = WAL", -1, &prepared, nullptr);
      statement.reset(prepared);
      if (code == SQLITE_OK) code = sqlite3_step(prepared);
      if (code == SQLITE_ROW) {
        const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
        if (mode != nullptr && std::string_view(mode) == "wal") return;
        raise("open", "its folder takes no write-ahead log", "keep the store on a local disk that can be written", "");
      }
      const bool busy = (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED;
      if (!busy || std::chrono::steady_clock::now() > until) fail("open");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void execute(const char* sql, const char* what) {
    if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(what);
  }

  static const char* doing(sqlite3_stmt* statement) {
    return sqlite3_stmt_readonly(statement) != 0 ? "read" : "write to";
  }

  sqlite3_stmt* prepare(const std::string& sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return known->second.get();
    sqlite3_stmt* prepared = nullptr;
    const std::string own = with_types(sql);
    const int code = sqlite3_prepare_v3(db_.get(), own.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    if (code != SQLITE_OK) fail("read");
    return statements_.emplace(sql, StatementPtr(prepared)).first->second.get();
  }

  static std::string with_types(std::string sql) {
    for (const auto& [name, type] :
         {std::pair{"@number", "INTEGER"}, {"@bytes", "BLOB"}, {"@text", "TEXT"}, {"@shared", ""}}) {
      for (size_t at = sql.find(name); at != std::string::npos; at = sql.find(name, at)) {
        sql.replace(at, std::string_view(name).size(), type);
      }
    }
    return sql;
  }

  // Bound without a copy: the values outlive the step.
  void bind(sqlite3_stmt* statement, const std::vector<Value>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      const int index = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
      if (index == 0) continue;
      int code = SQLITE_OK;
      if (const auto* whole = std::get_if<int64_t>(&values[i])) {
        code = sqlite3_bind_int64(statement, index, *whole);
      } else if (const auto* word = std::get_if<std::string>(&values[i])) {
        code = sqlite3_bind_text64(statement, index, word->data(), word->size(), SQLITE_STATIC, SQLITE_UTF8);
      } else if (const auto* data = std::get_if<Bytes>(&values[i])) {
        // A null pointer would be NULL, and an empty vector may have one.
        code = data->empty() ? sqlite3_bind_zeroblob(statement, index, 0)
                             : sqlite3_bind_blob64(statement, index, data->data(), data->size(), SQLITE_STATIC);
      }
      if (code != SQLITE_OK) fail(doing(statement));
    }
  }

  static Row row(sqlite3_stmt* statement) {
    Row out;
    const int columns = sqlite3_column_count(statement);
    for (int i = 0; i < columns; ++i) {
      const int type = sqlite3_column_type(statement, i);
      if (type == SQLITE_INTEGER) {
        out.emplace_back(int64_t{sqlite3_column_int64(statement, i)});
      } else if (type == SQLITE_NULL) {
        out.emplace_back();
      } else {
        const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement, i));
        const Bytes content(data, data + sqlite3_column_bytes(statement, i));
        if (type == SQLITE_BLOB) {
          out.emplace_back(content);
        } else {
          out.emplace_back(to_string(content));
        }
      }
    }
    return out;
  }

  [[noreturn]] void raise(std::string_view what, const std::string& wrong, const std::string& next,
                          const char* cause) const {
    throw Error(ErrorKind::store, "cannot " + std::string(what) + " the store " + where_ + ": " + wrong + "; " + next,
                {}, cause);
  }

  [[noreturn]] void raise_read_only(std::string_view what) const {
    raise(what, "the file or its folder is read-only for this user",
          "both have to be writable, since SQLite keeps its log beside the file", "read-only");
  }

  /// Says what SQLite's last error means for its user.
  [[noreturn]] void fail(std::string_view what) const {
    const int code = sqlite3_errcode(db_.get()) & 0xFF;
    const int system = sqlite3_system_errno(db_.get());
    if (code == SQLITE_FULL || (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT))) {
      raise(what, "the disk is full", "make room, then resume what was stopped: nothing is lost", "full");
    }
    switch (code) {
      case SQLITE_READONLY:
        raise_read_only(what);
      case SQLITE_CORRUPT:
        raise(what, "the file is corrupt", "run cardwright store check, and bring back a copy of it", "corrupt");
      case SQLITE_NOTADB:
        raise(what, "it is no SQLite database", "name another file, or move this one away", "corrupt");
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        raise(what, "another process has it locked for " + std::to_string(kPatience.count() / 1000) + " s",
              "find it with fuser " + where_, "locked");
      case SQLITE_CANTOPEN:
        raise(what, "it cannot be opened", "look whether it is a file, and who may write to its folder", "read-only");
      default:
        raise(what, sqlite3_errmsg(db_.get()), "look at the disk it is on", "");
    }
  }

  std::string where_;
  Clock::time_point waits_since_{};
  Fd folder_{};
  int unhurried_ = 0;  // so many are under way, one in another
  bool full_ = true;   // what `synchronous` is
  std::unique_ptr<sqlite3, CloseDatabase> db_;
  std::unordered_map<std::string, StatementPtr> statements_;  // gone before the database
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& path, bool make, bool or_read) {
  return std::make_unique<Sqlite>(path, make, or_read);
}

}  // namespace cw::store
