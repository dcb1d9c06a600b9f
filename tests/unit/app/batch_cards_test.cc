// What --cards means, and where the memory of a row's card lies.
#include "app/batch_cards.h"

#include <gtest/gtest.h>

#include "app/batch_pcsc.h"
#include "base/error.h"

namespace cw::app {
namespace {

std::vector<std::string> names_of(const std::vector<std::string>& cards) {
  std::vector<std::string> out;
  for (const batch::BatchReader& reader : open_cards({cards}, true).readers) out.push_back(reader.cards->name());
  return out;
}

TEST(BatchCards, SimulatedReadersAreNumberedWhereThereAreSeveral) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_of({"sim"}), Names{"sim:generic"});
  EXPECT_EQ(names_of({"sim:jcop4*2", "sim:generic"}), (Names{"sim:jcop4 1", "sim:jcop4 2", "sim:generic"}));
  EXPECT_EQ(names_of({"sim", "sim:generic"}), (Names{"sim:generic 1", "sim:generic 2"}));
}

TEST(BatchCards, RefusesWhatIsNoReader) {
  for (const char* bad :
       {"", "usb", "sim:genric", "sim*", "sim*0", "sim*65", "sim*-1", "sim*2x", "sim:*2", "recorded:x.rec"}) {
    EXPECT_THROW(names_of({bad}), Error) << bad;
  }
}

TEST(BatchCards, PatternsOfReaderNames) {
  using Names = std::vector<std::string>;
  const Names all = {"ACS ACR39U [CCID] 00 00", "ACS ACR39U [CCID] 01 00", "Virtual PCD 00 00"};
  EXPECT_EQ(pcsc_readers_like("*", all), all);
  EXPECT_EQ(pcsc_readers_like("acs*", all), (Names{all[0], all[1]}));
  EXPECT_EQ(pcsc_readers_like("*[CCID]*00 00", all), Names{all[0]});
  EXPECT_EQ(pcsc_readers_like("Virtual", all), Names{all[2]});
  EXPECT_EQ(pcsc_readers_like("2", all), Names{all[2]});
  EXPECT_THROW(pcsc_readers_like("ACR*", all), Error);
  EXPECT_THROW(pcsc_readers_like("ACS", all), Error);
  EXPECT_THROW(pcsc_readers_like("*", {}), Error);
}

TEST(BatchCards, FileNamesOfRowsStayInTheirFolderAndDiffer) {
  EXPECT_EQ(file_name_of("4711"), "4711");
  EXPECT_EQ(file_name_of("a.b-c_d"), "a.b-c_d");
  EXPECT_EQ(file_name_of("../x"), "%2E.%2Fx");
  EXPECT_EQ(file_name_of("%2F"), "%252F");
  EXPECT_EQ(file_name_of("\xE6\x9D\x8E"), "%E6%9D%8E");
  const std::string one = file_name_of(std::string(127, '/') + "1");
  EXPECT_LE(one.size(), 255U);
  EXPECT_NE(one, file_name_of(std::string(127, '/') + "2"));
}

}  // namespace
}  // namespace cw::app
