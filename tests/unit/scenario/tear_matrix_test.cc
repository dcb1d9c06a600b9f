// The tear matrix finds flows that do not converge, and says how. The shipped flows are in tests/scenarios.
#include "scenario/tear_matrix.h"

#include "base/error.h"
#include "played.h"
#include "scenario/drive.h"

namespace cw::scenario {
namespace {

class TearMatrixTest : public Plays {
 protected:
  /// Tears a flow with this body everywhere, on a card that left the factory.
  report::TearMatrix tear(const std::string& body) {
    const std::string path = file("flow.lua",
                                  "local gp, apdu, hex = require 'cw.gp', require 'apdu', require 'hex'\n"
                                  "return { name = 'flow', summary = 'x', needs = { keys = { 'isd' } },"
                                  "run = function(run)\n" +
                                      body + "\nend }");
    const auto bundle = library()->with_file(path);
    const se::Flavor& flavor = se::flavor("generic");
    TearSetup setup;
    setup.flow = "flow";
    setup.flavor = "generic";
    setup.memory = se::Card(flavor).save();
    setup.run = [&](card::Reader& reader) {
      engine::RunSetup run;
      run.bundle = bundle;
      run.flow_name = path;
      run.policy = policy();
      run.keys = factory_keys(flavor);
      run.reader = &reader;
      run.attempts = 1;
      engine::Run one(std::move(run));
      drive(one, {}, false);
      return one.result();
    };
    return tear_everywhere(setup);
  }
  /// Cells that did not converge: "after 4: why".
  static std::vector<std::string> bad(const report::TearMatrix& matrix) {
    std::vector<std::string> out;
    for (const report::TearPoint& point : matrix.points) {
      for (const report::TearPoint::Cell& cell : point.cells) {
        if (!cell.converged) out.push_back(cell.when + " " + std::to_string(point.number) + ": " + cell.why);
      }
    }
    return out;
  }
};

// STORE DATA of the IIN and the CIN, GPCS 11.11.
const std::string kStore =
    "local function store(isd, tag, text) isd.channel:expect(apdu.command { ins = 0xE2, p1 = 0x90,"
    " data = string.char(tag, #text) .. text }) end\n";

TEST_F(TearMatrixTest, a_flow_that_converges_does_at_each_point) {
  const report::TearMatrix matrix = tear(
      kStore + "local isd = gp.open(run.card, { keys = 'isd' }) store(isd, 0x42, '12345') store(isd, 0x45, 'abc')");
  EXPECT_EQ(bad(matrix), std::vector<std::string>{});
  EXPECT_EQ(matrix.torn(), 15u) << "SELECT, two of the handshake, two STORE DATA; before, inside, after";
  EXPECT_EQ(matrix.converged(), 15u);
  EXPECT_EQ(matrix.points.at(1).command, "INITIALIZE UPDATE");
}

TEST_F(TearMatrixTest, one_that_counts_upon_what_it_found_does_not) {
  const auto found = bad(tear(kStore + R"(
    local isd = gp.open(run.card, { keys = "isd" })
    local old = run.card and isd.channel:send(apdu.command { ins = 0xCA, p2 = 0x42, le = 256 }).data
    store(isd, 0x42, old:find("x", 1, true) and "y" or "x"))"));
  ASSERT_EQ(found.size(), 1u) << "only where the card acted and the flow does not know";
  EXPECT_NE(found[0].find("after 5: the card differs from that of the untorn run"), std::string::npos) << found[0];
}

TEST_F(TearMatrixTest, one_that_fails_when_it_finds_its_own_work_is_told_with_its_error) {
  const auto found = bad(tear(kStore + R"(
    local isd = gp.open(run.card, { keys = "isd" })
    local old = isd.channel:send(apdu.command { ins = 0xCA, p2 = 0x42, le = 256 }).data
    if old:find("done") then error("somebody was here before") end
    store(isd, 0x42, "done"))"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find("run again, it failed"), std::string::npos) << found[0];
  EXPECT_NE(found[0].find("somebody was here before"), std::string::npos) << found[0];
}

TEST_F(TearMatrixTest, a_key_that_the_card_does_not_have_is_seen_although_the_flow_hides_it) {
  const auto found = bad(tear(kStore + R"(
    local isd = gp.open(run.card, { keys = "isd" })
    local old = isd.channel:send(apdu.command { ins = 0xCA, p2 = 0x42, le = 256 }).data
    if old:find("done") then pcall(gp.open, run.card, { keys = "isd", version = 0x20 }) return end
    store(isd, 0x42, "done"))"));
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found[0].find("a key was tried that the card does not have"), std::string::npos) << found[0];
}

TEST_F(TearMatrixTest, a_flow_that_swallows_the_tear_is_found) {
  const auto found = bad(tear("pcall(run.card.select, run.card, '')"));
  // The engine ends the attempt whatever the script caught.
  EXPECT_EQ(found, std::vector<std::string>{});
}

TEST_F(TearMatrixTest, a_flow_that_sends_nothing_has_nothing_to_tear) {
  try {
    tear("");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::script);
    EXPECT_NE(error.message().find("sends nothing"), std::string::npos) << error.message();
  }
}

TEST_F(TearMatrixTest, a_difference_in_stored_data_is_told_without_the_data_and_its_hash) {
  const auto found = bad(tear(kStore + R"(
    local isd = gp.open(run.card, { keys = "isd" })
    local old = isd.channel:send(apdu.command { ins = 0xCA, p2 = 0x42, le = 256 }).data
    store(isd, 0x42, old:find("ZAPHOD", 1, true) and "ZARNIWOOP" or "ZAPHOD"))"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find("\"0042\": \"...\""), std::string::npos) << found[0];
  EXPECT_EQ(found[0].find("sha256"), std::string::npos) << found[0];
  EXPECT_EQ(found[0].find("5A41"), std::string::npos) << found[0];
}

TEST_F(TearMatrixTest, a_flow_that_fails_untorn_is_not_torn) { EXPECT_THROW(tear("error('no')"), Error); }

}  // namespace
}  // namespace cw::scenario
