// CAP files of many runs, held once.
#include "app/shared_caps.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace cw::app {
namespace {

engine::Arguments with(const char* file) {
  const std::string path = std::string(CW_SOURCE_DIR) + "/tests/caps/" + file;
  engine::Arguments out;
  out.values["cap"] = engine::CapArgument::of(read_file(path, 1u << 20), path);
  out.values["number"] = std::string("4711");
  return out;
}
const engine::CapArgument& cap_of(const engine::Arguments& arguments) {
  return std::get<engine::CapArgument>(arguments.values.at("cap"));
}

TEST(SharedCaps, are_one_in_memory_where_the_bytes_are_the_same) {
  SharedCaps caps;
  engine::Arguments one = with("wallet-1.0.cap"), two = with("wallet-1.0.cap"), other = with("transit-2.1.cap");
  for (engine::Arguments* each : {&one, &two, &other}) caps.share(*each);
  EXPECT_EQ(cap_of(one).file, cap_of(two).file);
  EXPECT_EQ(cap_of(one).load_file, cap_of(two).load_file);
  EXPECT_NE(cap_of(one).file, cap_of(other).file);
}

TEST(SharedCaps, go_with_the_last_run_that_has_them) {
  SharedCaps caps;
  std::weak_ptr<const Bytes> file;
  {
    engine::Arguments one = with("wallet-1.0.cap");
    caps.share(one);
    file = cap_of(one).file;
  }
  engine::Arguments other = with("transit-2.1.cap");
  caps.share(other);
  EXPECT_TRUE(file.expired());
}

}  // namespace
}  // namespace cw::app
