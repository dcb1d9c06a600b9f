// Secure channels against sessions that other people recorded: given the static keys, the card has to give the
// published answer to INITIALIZE UPDATE, take the published EXTERNAL AUTHENTICATE, understand each published wrapped
// command as the published plain one, and protect the published plain answer as published.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "se/card.h"

namespace cw::se {
namespace {

using nlohmann::json;

Bytes hex(const json& text) { return from_hex(text.get<std::string>()); }
uint8_t byte(const json& text) { return hex(text).at(0); }

Flavor flavor_of(const json& one) {
  const json& inputs = one["inputs"];
  const json& expected = one["expected"];
  const bool scp03 = inputs["protocol"] == "SCP03";
  Flavor f = flavor("generic");
  f.name = one["id"];
  if (inputs.contains("aid")) f.isd_aid = hex(inputs["aid"]);
  f.diversification_data = hex(expected["key_diversification_data"]);
  (scp03 ? f.scp03_i : f.scp02_i) = byte(inputs["i"]);
  f.encrypt_empty_data = inputs.value("encrypt_empty_data", false);
  const json& keys = inputs["keys"];
  f.keys = {{byte(expected["key_version"]), uint8_t(scp03 ? 0x88 : 0x80), hex(keys["enc"]), hex(keys["mac"]),
             hex(keys["dek"])}};
  return f;
}

// The plain command as the card understands it: Le is not its business, nor where secure messaging stood in CLA.
Bytes without_le(Bytes command) {
  command[0] &= 0xF0;
  const size_t lc = command.size() > 5 ? command[4] : 0;
  command.resize(lc == 0 ? 4 : 5 + lc);
  return command;
}
Bytes as_plain(Bytes understood) {
  understood[0] &= 0xF0;
  return understood;
}

void replay(const json& one) {
  SCOPED_TRACE(one["id"].get<std::string>());
  const json& inputs = one["inputs"];
  const json& expected = one["expected"];
  const bool scp03 = inputs["protocol"] == "SCP03";
  const Flavor f = flavor_of(one);
  Card card(f);
  card.reset();

  const uint8_t i = byte(inputs["i"]);
  if (scp03 && (i & 0x10) != 0) {
    // SCP03 counts at INITIALIZE UPDATE.
    card.set_sequence_counter(f.isd_aid, f.keys[0].version,
                              static_cast<uint32_t>(read_be(hex(expected["sequence_counter"])) - 1));
  }
  if (!scp03) {
    card.set_sequence_counter(f.isd_aid, f.keys[0].version,
                              static_cast<uint32_t>(read_be(hex(expected["sequence_counter"]))));
  }
  if (!inputs.contains("aid")) card.force_challenge(hex(expected["card_challenge"]));

  Bytes initialize = hex(inputs["initialize_update"]["command"]);
  if (inputs.value("other_key_version_answered", false)) initialize[2] = 0;
  EXPECT_EQ(to_hex(card.process(initialize)), to_hex(hex(inputs["initialize_update"]["response"]))) << card.why();
  if (!expected.contains("external_authenticate")) return;
  EXPECT_EQ(to_hex(card.process(hex(expected["external_authenticate"]["command"]))), "9000") << card.why();

  for (const json& exchange : expected["exchanges"]) {
    if (!exchange.contains("wrapped_command")) continue;
    const bool answered = exchange.contains("wrapped_response") && exchange.contains("plain_response");
    card.answer_next(answered ? hex(exchange["plain_response"]) : from_hex("9000"));
    const Bytes answer = card.process(hex(exchange["wrapped_command"]));
    ASSERT_EQ(card.why(), "");
    EXPECT_EQ(to_hex(as_plain(card.understood())), to_hex(without_le(hex(exchange["plain_command"]))));
    if (answered) {
      const Bytes published = hex(exchange["wrapped_response"]);
      // A vendor's emulated card pads its shortest answer with one block more than it has to: there only the blocks
      // with data can be compared.
      const bool padded_more = published.size() == answer.size() + 16;
      const size_t same = padded_more ? 16 : published.size();
      EXPECT_EQ(to_hex(ByteView(answer).first(std::min(same, answer.size()))), to_hex(ByteView(published).first(same)));
    }
  }
}

void replay_file(const std::string& name, size_t at_least) {
  std::ifstream file(std::string(CW_SOURCE_DIR) + "/tests/vectors/" + name);
  const json all = json::parse(file);
  size_t replayed = 0;
  for (const json& one : all["cases"]) {
    if (one["kind"] != "scp-session" || one["inputs"]["keys"].contains("master")) continue;
    replay(one);
    ++replayed;
  }
  EXPECT_GE(replayed, at_least);
}

TEST(RecordedSessions, scp03) { replay_file("scp03-sessions.json", 20); }

TEST(RecordedSessions, scp02) { replay_file("scp02.json", 10); }

}  // namespace
}  // namespace cw::se
