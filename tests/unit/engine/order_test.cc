// Which commands may travel to a device together: nothing may do harm where one before it was refused.
#include "engine/order.h"

#include <gtest/gtest.h>

namespace cw::engine {
namespace {

host::Command command(uint8_t ins, uint8_t p1 = 0, uint8_t p2 = 0) {
  return {.cla = 0x80, .ins = ins, .p1 = p1, .p2 = p2};
}
const host::Command kSelect = command(0xA4, 0x04), kGetData = command(0xCA), kGetStatus = command(0xF2, 0x40),
                    kDelete = command(0xE4), kPutKey = command(0xD8), kSetStatus = command(0xF0),
                    kForLoad = command(0xE6, 0x02), kForInstall = command(0xE6, 0x0C),
                    kForExtradition = command(0xE6, 0x10), kForRegistryUpdate = command(0xE6, 0x40),
                    kLoad0 = command(0xE8, 0, 0), kLoad1 = command(0xE8, 0, 1), kLastLoad = command(0xE8, 0x80, 2),
                    kData0 = command(0xE2, 0, 0), kData1 = command(0xE2, 0, 1), kLastData = command(0xE2, 0x80, 0);

/// How many of the plan are in the first order.
size_t first_order(const std::vector<host::Command>& plan, Relay relay) {
  std::vector<host::Command> order;
  for (const host::Command& next : plan) {
    if (parts_before(order, next, relay)) break;
    order.push_back(next);
  }
  return order.size();
}

TEST(Order, that_only_reads_is_never_parted) {
  const std::vector<host::Command> plan = {kGetData, kGetStatus, kGetStatus, kGetData};
  EXPECT_EQ(first_order(plan, Relay::goes_on), 4u);
  EXPECT_EQ(first_order(plan, Relay::stops), 4u);
}

TEST(Order, has_a_whole_load_in_it_and_not_the_install_after_it) {
  const std::vector<host::Command> plan = {kForLoad, kLoad0, kLoad1, kLastLoad, kForInstall};
  EXPECT_EQ(first_order(plan, Relay::goes_on), 4u) << "a load that failed may have left the old file there";
  EXPECT_EQ(first_order(plan, Relay::stops), 5u);
}

TEST(Order, changes_nothing_after_what_cannot_be_told_apart) {
  for (const host::Command& last : {kDelete, kPutKey, kSetStatus, kForExtradition, kForRegistryUpdate}) {
    for (const Relay relay : {Relay::stops, Relay::goes_on}) {
      EXPECT_EQ(first_order({last, kForInstall}, relay), 1u);
      EXPECT_EQ(first_order({last, kGetStatus, kDelete}, relay), 2u) << "reading may follow";
    }
  }
}

TEST(Order, goes_on_with_store_data_that_the_card_numbers) {
  EXPECT_EQ(first_order({kData0, kData1, command(0xE2, 0x80, 2)}, Relay::goes_on), 3u);
  EXPECT_EQ(first_order({kForInstall, kData0}, Relay::goes_on), 1u);
}

TEST(Order, parts_what_begins_anew_from_what_was_before) {
  EXPECT_EQ(first_order({kLastData, kLastData}, Relay::goes_on), 1u);
  EXPECT_EQ(first_order({kData0, kData0}, Relay::goes_on), 1u);
  EXPECT_EQ(first_order({kLastLoad, kLoad0}, Relay::goes_on), 1u);
  EXPECT_EQ(first_order({kForInstall, kLoad0}, Relay::goes_on), 1u);
  EXPECT_EQ(first_order({kForLoad, kLoad1}, Relay::goes_on), 1u);
}

TEST(Order, looks_around_with_selects_and_changes_nothing_after_one_that_may_have_failed) {
  for (const Relay relay : {Relay::stops, Relay::goes_on}) {
    EXPECT_EQ(first_order({kGetData, kSelect, kGetData, kSelect}, relay), 4u);
    EXPECT_EQ(first_order({kForInstall, kSelect}, relay), 2u);
  }
  EXPECT_EQ(first_order({kSelect, kData0}, Relay::stops), 2u);
  EXPECT_EQ(first_order({kSelect, kData0}, Relay::goes_on), 1u) << "it would go to whoever is selected";
}

}  // namespace
}  // namespace cw::engine
