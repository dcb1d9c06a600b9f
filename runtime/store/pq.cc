#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>

#include "base/error.h"
#include "pq_private.h"

namespace cw::store {

namespace {

// OIDs of pg_type.dat, which never change.
constexpr Oid kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kVarchar = 1043;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// libpq's own words may quote a part of the URL, and that may be the password: they are not passed on.
[[noreturn]] void raise_no_url() {
  throw Error(
      ErrorKind::usage,
      "the location of the store is no URL of PostgreSQL: write postgres://user@host/database, with %40 for an @ "
      "and %2F for a / in a password");
}

/// The URL without user, password and options.
std::string without_user(const std::string& url) {
  const size_t start = url.find("://") + 3;
  // A password with an @ or a / in it would end up in the name of the host or the database.
  const std::string before_options = url.substr(start, url.find('?', start) - start);
  const size_t at = before_options.find('@');
  if (at != std::string::npos &&
      (at > before_options.find('/') || before_options.find('@', at + 1) != std::string::npos)) {
    raise_no_url();
  }
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(url.c_str(), nullptr));
  if (!options) raise_no_url();
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    const bool shown = keyword == "host" || keyword == "port" || keyword == "dbname";
    if (shown && option->val != nullptr && std::string_view(option->val).find('@') != std::string_view::npos)
      raise_no_url();
  }
  std::string host = "localhost", port, name;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "host") host = option->val;
    if (keyword == "port") port = std::string(":") + option->val;
    if (keyword == "dbname") name = option->val;
  }
  return "postgres://" + host + port + "/" + name;
}

Oid type_of(const Value& value) {
  if (std::holds_alternative<int64_t>(value)) return kInt8;
  if (std::holds_alternative<std::string>(value)) return kText;
  if (std::holds_alternative<Bytes>(value)) return kBytea;
  return 0;
}

std::string milliseconds(std::chrono::milliseconds time) { return std::to_string(time.count()); }

/// "25 s", "0.5 s".
std::string seconds(std::chrono::milliseconds time) {
  std::string out = std::to_string(time.count() / 1000);
  if (time.count() % 1000 != 0) out += "." + std::to_string(time.count() % 1000 / 100);
  return out + " s";
}

std::string with_types(std::string sql) {
  for (const auto& [name, type] : {std::pair{"@number", "BIGINT"},
                                   {"@bytes", "BYTEA"},
                                   {"@text", "TEXT COLLATE \"C\""},
                                   {"@shared", "FOR SHARE"}}) {
    for (size_t at = sql.find(name); at != std::string::npos; at = sql.find(name, at)) {
      sql.replace(at, std::string_view(name).size(), type);
    }
  }
  return sql;
}

}  // namespace

Pq::Pq(std::string url, std::chrono::milliseconds patience)
    : url_(std::move(url)), patience_(patience), where_(without_user(url_)) {}

void Pq::connect() {
  names_.clear();
  connection_.reset();
  stalled_ = false;
  // What the URL says wins over what stands before it here.
  const std::string wait = std::to_string(std::max<int64_t>(2, patience_.count() / 3000));
  const std::string gone = milliseconds(patience_ * 2 / 3);  // of a machine that is not there any more
  const std::array<const char*, 9> names = {"connect_timeout",
                                            "tcp_user_timeout",
                                            "keepalives_idle",
                                            "keepalives_interval",
                                            "keepalives_count",
                                            "fallback_application_name",
                                            "dbname",
                                            "client_encoding",
                                            nullptr};
  const std::array<const char*, 9> values = {wait.c_str(), gone.c_str(), "10",   "5",    "3",
                                             "cardwright", url_.c_str(), "UTF8", nullptr};
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  // It stays so: nothing that is sent, and not even a farewell, waits for a server that does not read.
  if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK || PQsetnonblocking(connection_.get(), 1) != 0) {
    fail(nullptr);
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  // The server gives up before we do, and says why. One that stands still in a transaction is ended before others have
  // waited too long for its locks. A server may be told to say "done" before it is.
  command(
      "SET statement_timeout = " + milliseconds(statement_limit()) + "; SET lock_timeout = " +
      milliseconds(lock_limit()) + "; SET idle_in_transaction_session_timeout = " + milliseconds(patience_ / 6) +
      "; SET default_transaction_isolation = 'read committed'; SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'");
}

bool Pq::alive() {
  if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) return false;
  // A server that went away has closed the line, or said so: there is something to read where nothing is expected.
  pollfd line{PQsocket(connection_.get()), POLLIN, 0};
  while (::poll(&line, 1, 0) > 0) {
    if (PQconsumeInput(connection_.get()) != 1 || PQstatus(connection_.get()) != CONNECTION_OK) return false;
  }
  return true;
}

bool Pq::in_transaction() const {
  return connection_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE &&
         PQtransactionStatus(connection_.get()) != PQTRANS_UNKNOWN;
}

void Pq::roll_back() noexcept {
  if (!in_transaction()) return;
  const std::string state = state_;
  try {
    command("ROLLBACK");
  } catch (const Error&) {
    connection_.reset();  // the server rolls back by itself
  }
  state_ = state;
}

std::string Pq::command(const std::string& sql) {
  state_.clear();
  if (!connection_ || PQsendQuery(connection_.get(), sql.c_str()) != 1) fail(nullptr);
  flush();
  PgResult last;
  PgResult failed;
  while (PgResult answer = next()) {
    const ExecStatusType status = PQresultStatus(answer.get());
    PgResult& kept = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK ? failed : last;
    kept = std::move(answer);
  }
  if (failed || !last) fail(failed.get());
  return PQcmdStatus(last.get());
}

std::vector<Result> Pq::pipeline(const std::vector<const Statement*>& statements) {
  state_.clear();
  // One that is left in the middle of a pipeline is of no use to anybody.
  struct Drop {
    PgConnection& connection;
    bool all_read = false;
    ~Drop() {
      if (!all_read) connection.reset();
    }
  } drop{connection_};
  PGconn* connection = connection_.get();
  if (PQenterPipelineMode(connection) != 1) fail(nullptr);
  std::vector<bool> wanted;  // for each answer to come: whether it is a statement's, or that of a preparation
  for (const Statement* statement : statements) {
    const size_t known = names_.size();
    send(*statement);
    if (names_.size() != known) wanted.push_back(false);
    wanted.push_back(true);
  }
  if (PQpipelineSync(connection) != 1) fail(nullptr);
  flush();

  std::vector<PgResult> answers;
  PgResult failed;
  for (const bool is_wanted : wanted) {
    PgResult answer = next();
    if (!answer || PQstatus(connection) != CONNECTION_OK) fail(answer.get());
    while (next()) {
    }
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      if (!failed) failed = std::move(answer);
    } else if (is_wanted) {
      answers.push_back(std::move(answer));
    }
  }
  const PgResult sync = next();
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(connection) != 1) fail(sync.get());
  drop.all_read = true;
  if (failed) {
    names_.clear();  // what was to be prepared after it was not; no name is used twice
    fail(failed.get());
  }
  std::vector<Result> results;
  for (const PgResult& answer : answers) results.push_back(take(*answer));
  return results;
}

void Pq::send(const Statement& statement) {
  const size_t count = statement.values.size();
  std::vector<Oid> types(count);
  std::vector<const char*> values(count);
  std::vector<int> lengths(count);
  std::vector<int> formats(count, 1);
  std::vector<std::array<uint8_t, 8>> numbers(count);
  std::string signature = statement.sql;
  for (size_t i = 0; i < count; ++i) {
    const Value& value = statement.values[i];
    types[i] = type_of(value);
    signature += "|" + std::to_string(types[i]);
    if (const auto* whole = std::get_if<int64_t>(&value)) {
      for (size_t at = 0; at < 8; ++at) {
        numbers[i][at] = static_cast<uint8_t>(static_cast<uint64_t>(*whole) >> (56 - 8 * at));
      }
      values[i] = reinterpret_cast<const char*>(numbers[i].data());
      lengths[i] = 8;
    } else if (const auto* word = std::get_if<std::string>(&value)) {
      values[i] = word->data();
      lengths[i] = static_cast<int>(word->size());
    } else if (const auto* data = std::get_if<Bytes>(&value)) {
      values[i] = data->empty() ? "" : reinterpret_cast<const char*>(data->data());  // a null pointer would be NULL
      lengths[i] = static_cast<int>(data->size());
    }
  }
  auto name = names_.find(signature);
  if (name == names_.end()) {
    name = names_.emplace(signature, "cw" + std::to_string(++prepared_)).first;
    if (PQsendPrepare(connection_.get(), name->second.c_str(), with_types(statement.sql).c_str(),
                      static_cast<int>(count), types.data()) != 1) {
      fail(nullptr);
    }
  }
  if (PQsendQueryPrepared(connection_.get(), name->second.c_str(), static_cast<int>(count), values.data(),
                          lengths.data(), formats.data(), 1) != 1) {
    fail(nullptr);
  }
}

/// Reads while it writes: else both sides could wait for the other to read.
void Pq::flush() {
  PGconn* connection = connection_.get();
  for (int left = PQflush(connection); left != 0; left = PQflush(connection)) {
    if (left < 0) fail(nullptr);
    if ((await(true) & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(connection) != 1) fail(nullptr);
  }
}

PgResult Pq::next() {
  PGconn* connection = connection_.get();
  while (PQisBusy(connection) == 1) {
    await(false);
    if (PQconsumeInput(connection) != 1) break;  // the result says what was wrong
  }
  return PgResult(PQgetResult(connection));
}

int Pq::await(bool writes) {
  using Clock = std::chrono::steady_clock;
  pollfd line{PQsocket(connection_.get()), static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0};
  const auto until = Clock::now() + patience_;
  for (;;) {
    // Looked at once more after the time is over: this process may have stood still itself.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    const int ready = ::poll(&line, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready > 0) return line.revents;
    if (ready == 0 && left.count() <= 0) break;
    if (ready < 0 && errno != EINTR) fail(nullptr);
  }
  // An answer that comes after all is nobody's.
  connection_.reset();
  stalled_ = true;
  raise("the server has given no answer for " + seconds(patience_), "look whether it stands still, or the network does",
        "gone");
}

Result Pq::take(PGresult& result) {
  Result out;
  const char* changed = PQcmdTuples(&result);
  const std::string_view command = PQcmdStatus(&result);
  if (!command.starts_with("SELECT") && *changed != '\0') out.changed = std::stoll(changed);
  for (int i = 0; i < PQntuples(&result); ++i) {
    Row row;
    for (int column = 0; column < PQnfields(&result); ++column) {
      const auto* data = reinterpret_cast<const uint8_t*>(PQgetvalue(&result, i, column));
      const ByteView content(data, static_cast<size_t>(PQgetlength(&result, i, column)));
      const Oid type = PQftype(&result, column);
      if (PQgetisnull(&result, i, column) == 1) {
        row.emplace_back();
      } else if (type == kInt8) {
        row.emplace_back(static_cast<int64_t>(read_be(content)));
      } else if (type == kInt4) {
        row.emplace_back(int64_t{static_cast<int32_t>(read_be(content))});
      } else if (type == kInt2 || type == kBool) {
        row.emplace_back(int64_t{static_cast<int16_t>(read_be(content))});
      } else if (type == kBytea) {
        row.emplace_back(to_bytes(content));
      } else if (type == kText || type == kName || type == kVarchar) {
        row.emplace_back(to_string(content));
      } else {
        throw Error(ErrorKind::internal, std::string("column ") + PQfname(&result, column) +
                                             " has a type that a Value has no place for; cast it");
      }
    }
    out.rows.push_back(std::move(row));
  }
  return out;
}

void Pq::raise(const std::string& what, const std::string& next, const char* cause) const {
  throw Error(ErrorKind::store, "cannot use the store " + where_ + ": " + what + "; " + next, {}, cause);
}

void Pq::fail(const PGresult* result) {
  const auto field = [&](int which) {
    const char* said = result == nullptr ? nullptr : PQresultErrorField(result, which);
    return std::string(said == nullptr ? "" : said);
  };
  state_ = field(PG_DIAG_SQLSTATE);
  std::string said = field(PG_DIAG_MESSAGE_PRIMARY);
  if (said.empty()) {
    said = connection_ ? PQerrorMessage(connection_.get()) : "no memory for a connection";
    said = said.substr(0, said.find_last_not_of(" \n\t") + 1);
    std::replace(said.begin(), said.end(), '\n', ' ');
    std::replace(said.begin(), said.end(), '\t', ' ');
  }
  const bool lost = !connection_ || PQstatus(connection_.get()) != CONNECTION_OK || state_.starts_with("08") ||
                    state_.starts_with("57P0") || state_ == "25P03";
  const std::string_view code = state_;
  if (code == "53100") raise("the server's disk is full", "make room there, then resume what was stopped", "full");
  if (code == "25006")
    raise("the server takes no writes", "name the primary server, not one that follows it", "read-only");
  if (code.starts_with("XX00")) raise("a page or an index is corrupt: " + said, "bring back a copy of it", "corrupt");
  if (code == "55P03")
    raise("another session has it locked for " + seconds(lock_limit()), "look into pg_stat_activity", "locked");
  if (code == "57014") {
    raise("the server did not get it done in " + seconds(statement_limit()), "look into pg_stat_activity", "locked");
  }
  if (code == "42501") raise(said, "grant it to the user that the URL names", "");
  if (lost) {
    // Nothing of it can be used again.
    connection_.reset();
    raise(said, "look whether the server runs and lets this user in, then resume what was stopped", "gone");
  }
  raise(said, "look into the server's log", "");
}

}  // namespace cw::store
