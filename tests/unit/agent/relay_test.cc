// One command to the card and its whole answer, on a card that plays what it is told.
#include "agent/relay.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::agent {
namespace {

class ScriptedReader : public card::Reader {
 public:
  explicit ScriptedReader(std::initializer_list<std::string> answers) : answers_(answers) {}

  std::string name() const override { return "scripted"; }
  Bytes reset() override {
    ++resets;
    return from_hex("3B00");
  }
  Bytes transmit(ByteView command) override {
    sent.push_back(to_hex(command));
    const std::string answer = answers_.front();
    answers_.pop_front();
    if (answer.empty()) throw Error(ErrorKind::reader, "the card was removed");
    return from_hex(answer);
  }

  std::vector<std::string> sent{};
  unsigned resets = 0;

 private:
  std::deque<std::string> answers_;
};

std::string relayed(ScriptedReader& reader, const std::string& command, bool extended = false) {
  Follower nobody;
  return to_hex(Relay(reader, nobody, [extended] { return extended; }).send(from_hex(command)));
}

TEST(Relay, fetches_what_61_announces) {
  ScriptedReader reader{"6104", "AABBCCDD9000"};
  EXPECT_EQ(relayed(reader, "00A4040000"), "AABBCCDD9000");
  EXPECT_EQ(reader.sent, (std::vector<std::string>{"00A4040000", "00C0000004"}));
}

TEST(Relay, asks_again_with_the_length_that_6C_names) {
  ScriptedReader reader{"6C02", "AABB9000"};
  EXPECT_EQ(relayed(reader, "80CA9F7F00"), "AABB9000");
  EXPECT_EQ(reader.sent, (std::vector<std::string>{"80CA9F7F00", "80CA9F7F02"}));
}

TEST(Relay, sends_nothing_twice_that_a_secure_channel_has_wrapped) {
  for (const char* command : {"84E20000080000000000000000", "04B0000000", "0CB0000000", "C4E2000000", "E4E2000000"}) {
    ScriptedReader reader{"6C02", "AABB9000"};
    const std::string answer = relayed(reader, command);
    const bool secured = std::string_view(command).substr(0, 1) != "C";
    EXPECT_EQ(answer, secured ? "6C02" : "AABB9000") << command;
  }
}

TEST(Relay, gives_power_before_the_first_command_and_after_the_card_was_gone) {
  ScriptedReader reader{"9000", "9000", "", "9000"};
  Follower nobody;
  Relay relay(reader, nobody, [] { return false; });
  relay.send(from_hex("00A40400"));
  relay.send(from_hex("00A40400"));
  EXPECT_EQ(reader.resets, 1u);
  EXPECT_THROW(relay.send(from_hex("00A40400")), Error);
  relay.send(from_hex("00A40400"));
  EXPECT_EQ(reader.resets, 2u);
}

TEST(Relay, what_is_no_command_is_not_sent) {
  ScriptedReader reader{};
  EXPECT_THROW(relayed(reader, "80CA9F"), Error);
  EXPECT_THROW(relayed(reader, "80CA9F7F0500"), Error);
  EXPECT_EQ(reader.resets, 0u);
}

TEST(Relay, tells_who_follows_what_travelled) {
  struct Seen : Follower {
    void exchanged(ByteView command, ByteView answer) override {
      lines.push_back(to_hex(command) + " " + to_hex(answer));
    }
    std::vector<std::string> lines{};
  } seen;
  ScriptedReader reader{"6102", "AABB9000", ""};
  Relay relay(reader, seen, [] { return false; });
  relay.send(from_hex("00A4040000"));
  EXPECT_THROW(relay.send(from_hex("80CA9F7F00")), Error);
  EXPECT_EQ(seen.lines, (std::vector<std::string>{"00A4040000 AABB9000", "80CA9F7F00 "}));
}

}  // namespace
}  // namespace cw::agent
