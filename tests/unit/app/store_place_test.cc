#include "app/store_place.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/operator_name.h"
#include "base/error.h"

namespace cw::app {
namespace {

TEST(StorePlace, IsInTheFolderForStateOfThisUser) {
  EXPECT_EQ(default_store("/state", "/people/ada"), "/state/cardwright/store.db");
  EXPECT_EQ(default_store(nullptr, "/people/ada"), "/people/ada/.local/state/cardwright/store.db");
  EXPECT_EQ(default_store("", "/people/ada"), "/people/ada/.local/state/cardwright/store.db");
}

TEST(StorePlace, IgnoresFoldersThatAreNotAbsolute) {
  EXPECT_EQ(default_store("state", "/people/ada"), "/people/ada/.local/state/cardwright/store.db");
  EXPECT_THROW(default_store(nullptr, nullptr), Error);
  EXPECT_THROW(default_store(nullptr, "ada"), Error);
}

TEST(StorePlace, IsSwitchedOffByNone) {
  StorePlace place;
  place.store = "none";
  EXPECT_EQ(place.where(), std::nullopt);
  EXPECT_EQ(place.open(), nullptr);
  EXPECT_THROW(place.open_to_read(), Error);
}

TEST(StorePlace, ThatWasNamedWins) {
  StorePlace place;
  place.store = "here.db";
  EXPECT_EQ(place.where(), "here.db");
}

TEST(StorePlace, FoldersAreMadeForTheirOwnerAlone) {
  std::string folder = "/tmp/cw_store_place_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::filesystem::path made = std::filesystem::path(folder) / "a/b";
  make_private_folder(made);
  make_private_folder(made);  // again changes nothing
  for (const auto& each : {made, made.parent_path()}) {
    struct stat info {};
    ASSERT_EQ(::stat(each.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
  }
  std::filesystem::remove_all(folder);
}

TEST(OperatorName, IsAUserOnAHost) {
  const std::string name = operator_name();
  const size_t at = name.find('@');
  ASSERT_NE(at, std::string::npos);
  EXPECT_GT(at, 0u);
  EXPECT_LT(at + 1, name.size());
}

}  // namespace
}  // namespace cw::app
