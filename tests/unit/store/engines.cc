#include "engines.h"

#include <atomic>

#include <stdlib.h>
#include <unistd.h>

#include "store/schema.h"

namespace cw::store {

namespace {

const char* server() { return ::getenv("CW_TEST_POSTGRES"); }

std::unique_ptr<Database> administration() { return open_database(server(), false); }

}  // namespace

std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::sqlite ? "sqlite" : "postgres";
}

void OnEngine::SetUp() {
  std::string name = (std::filesystem::temp_directory_path() / "cw-store-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = name;
  if (!on_postgres()) {
    where_ = (folder_ / "store").string();
    return;
  }
  if (server() == nullptr) {
    GTEST_SKIP() << "CW_TEST_POSTGRES names no server; ./test.sh unit starts one";
  }
  static std::atomic<int> count{0};
  schema_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  administration()->run({"CREATE SCHEMA " + schema_, {}});
  const std::string url = server();
  where_ = url + (url.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
}

void OnEngine::TearDown() {
  std::filesystem::remove_all(folder_);
  if (!schema_.empty()) administration()->run({"DROP SCHEMA " + schema_ + " CASCADE", {}});
}

std::unique_ptr<Database> OnEngine::database_with_tables() const {
  std::unique_ptr<Database> db = database();
  bring_up(*db, formats(), true, true);
  return db;
}

}  // namespace cw::store
