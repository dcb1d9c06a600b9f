// What the stories of this folder share: each is told on SQLite and on PostgreSQL, in a database of its own.
//
// PostgreSQL: CW_TEST_POSTGRES is the URL of a server for tests (tools/postgres.sh starts one). Without it these
// stories are skipped.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/database.h"

namespace cw::store {

enum class Engine { sqlite, postgres };
std::string engine_name(const ::testing::TestParamInfo<Engine>& info);

/// The fixture. A file of stories ends with INSTANTIATE_TEST_SUITE_P(On, Fixture, both_engines(), engine_name).
class OnEngine : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// For open_database and Store::open: an empty place, the same one for the whole test.
  const std::string& where() const { return where_; }
  bool on_postgres() const { return GetParam() == Engine::postgres; }
  /// A folder of the test's own, on both engines.
  const std::filesystem::path& folder() const { return folder_; }
  /// One more connection to where().
  std::unique_ptr<Database> database() const { return open_database(where_, true); }
  /// With the tables of this format.
  std::unique_ptr<Database> database_with_tables() const;

 private:
  std::filesystem::path folder_;
  std::string where_;
  std::string schema_;
};

inline auto both_engines() { return ::testing::Values(Engine::sqlite, Engine::postgres); }

/// "kind: message" of the error that `work` raises, or "".
template <typename F>
std::string refusal(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(name_of(error.kind())) + ": " + error.message();
  }
  return {};
}

/// Its cause, or "none".
template <typename F>
std::string cause_of(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.cause();
  }
  return "none";
}

}  // namespace cw::store
