// Which scenarios are played on which flavors, in which order, on how many cards at once.
#include "scenario/playbill.h"

#include "base/error.h"
#include "played.h"

namespace cw::scenario {
namespace {

class PlaybillTest : public Plays {
 protected:
  std::string scenario(const std::string& name, const std::string& fields, const std::string& body = "") {
    files_.push_back(
        file(name + ".lua", "return { summary = 'x', " + fields + " run = function(t) " + body + " end }"));
    return files_.back();
  }
  std::shared_ptr<const engine::Bundle> bundle() const { return library()->with_files({files_.begin(), files_.end()}); }
  /// "a:generic a:jcop4 ..."
  std::string bill(const Filter& filter = {}) {
    std::string out;
    for (const Entry& entry : make_bill(*bundle(), files_, offered_, filter)) {
      out += (out.empty() ? "" : " ") + (entry.scenario.name.empty() ? entry.broken->name : entry.scenario.name) + ":" +
             entry.flavor + (entry.broken ? "!" : "");
    }
    return out;
  }

  std::vector<std::string> files_{};
  SimulatedSupply offered_{{"generic", "jcop4", "smartcafe"}};
};

TEST_F(PlaybillTest, scenarios_are_multiplied_with_the_flavors_they_are_for) {
  scenario("a", "flavors = { '*' },");
  scenario("b", "");
  scenario("c", "flavors = { 'jcop4', 'smartcafe' },");
  EXPECT_EQ(bill(), "a:generic a:jcop4 a:smartcafe b:generic c:jcop4 c:smartcafe");
}

TEST_F(PlaybillTest, filters_leave_what_matches) {
  scenario("a1", "flavors = { '*' }, tags = { 'slow', 'lock' },");
  scenario("a2", "tags = { 'lock' },");
  scenario("b1", "tags = { 'keys' },");
  EXPECT_EQ(bill({.tags = {"lock"}}), "a1:generic a1:jcop4 a1:smartcafe a2:generic");
  EXPECT_EQ(bill({.tags = {"lock", "!slow"}}), "a2:generic");
  EXPECT_EQ(bill({.names = {"b*", "a2"}}), "a2:generic b1:generic");
  EXPECT_EQ(bill({.names = {"a1"}, .flavors = {"jcop4"}}), "a1:jcop4");
  EXPECT_THROW(bill({.tags = {"nobody"}}), Error);
}

TEST_F(PlaybillTest, what_is_for_another_flavor_is_skipped_and_said_so) {
  scenario("a", "flavors = { 'yubikey' },");
  EXPECT_EQ(bill(), "a:yubikey!");
}

TEST_F(PlaybillTest, a_broken_file_is_a_failed_case_and_the_others_are_played) {
  files_.push_back(file("broken.lua", "return {"));
  scenario("fine", "");
  EXPECT_EQ(bill(), "broken:! fine:generic");
}

TEST_F(PlaybillTest, cases_end_in_the_order_of_the_bill_however_many_play) {
  for (int i = 10; i < 40; ++i) {
    scenario("s" + std::to_string(i), "", i % 3 == 0 ? "for i = 1, 200000 do end" : i % 3 == 1 ? "error('x')" : "");
  }
  const auto whole = bundle();
  const auto entries = make_bill(*whole, files_, offered_, {});
  for (const size_t jobs : {1u, 4u}) {
    std::vector<std::unique_ptr<Supply>> supplies;
    for (size_t i = 0; i < jobs; ++i) supplies.push_back(std::make_unique<SimulatedSupply>());
    std::string order;
    size_t failed = 0;
    play_all({whole, policy(), 1, false, nullptr}, entries, supplies, [&](report::Case one) {
      order += one.name + " ";
      failed += one.status == report::Case::Status::failed;
    });
    std::string wanted;
    for (int i = 10; i < 40; ++i) wanted += "s" + std::to_string(i) + " ";
    EXPECT_EQ(order, wanted) << jobs;
    EXPECT_EQ(failed, 10u);
  }
}

TEST_F(PlaybillTest, after_a_stop_nothing_more_is_begun) {
  for (int i = 0; i < 5; ++i) scenario("s" + std::to_string(i), "");
  const auto whole = bundle();
  std::vector<std::unique_ptr<Supply>> supplies;
  supplies.push_back(std::make_unique<SimulatedSupply>());
  const std::atomic<bool> stop{true};
  int played = 0;
  play_all({whole, policy(), 1, false, &stop}, make_bill(*whole, files_, offered_, {}), supplies,
           [&](const report::Case&) { ++played; });
  EXPECT_EQ(played, 0);
}

}  // namespace
}  // namespace cw::scenario
