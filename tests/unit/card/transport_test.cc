#include "card/transport.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::card {
namespace {

/// Plays answers in order and keeps what was sent.
class ScriptedReader : public Reader {
 public:
  explicit ScriptedReader(std::initializer_list<const char*> answers) : answers_(answers.begin(), answers.end()) {}
  std::string name() const override { return "scripted"; }
  Bytes reset() override { return {0x3B, 0x00}; }
  Bytes transmit(ByteView command) override {
    sent.push_back(to_hex(command));
    if (answers_.empty()) throw Error(ErrorKind::reader, "torn");
    const std::string answer = answers_.front();
    if (answers_.size() > 1 || !repeat_last) answers_.pop_front();
    return from_hex(answer);
  }

  std::vector<std::string> sent{};
  bool repeat_last = false;

 private:
  std::deque<std::string> answers_;
};

TEST(Exchange, PassesAPlainAnswerThrough) {
  ScriptedReader reader{"AABB9000"};
  EXPECT_EQ(exchange(reader, {.ins = 0xCA, .le = 256}), (Response{{0xAA, 0xBB}, 0x9000}));
  EXPECT_EQ(reader.sent, (std::vector<std::string>{"00CA000000"}));
}

TEST(Exchange, TakesWhatIsNoStatusWordForAnAnswerThatWasCutOff) {
  for (const char* cut : {"E31D4F08010F", "AABB6000", "0000"}) {
    ScriptedReader reader{cut};
    try {
      exchange(reader, {.ins = 0xCA, .le = 256});
      FAIL() << cut;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::reader);
      EXPECT_NE(error.message().find("no status word"), std::string::npos) << error.message();
    }
  }
}

TEST(Exchange, JoinsTheAnswerWithGetResponseOnTheSameChannel) {
  ScriptedReader reader{"AA6102", "BBCC6101", "DD6310"};
  EXPECT_EQ(exchange(reader, {.cla = 0x82, .ins = 0xF2, .le = 256}), (Response{{0xAA, 0xBB, 0xCC, 0xDD}, 0x6310}));
  EXPECT_EQ(reader.sent, (std::vector<std::string>{"82F2000000", "02C0000002", "02C0000001"}));
}

TEST(Exchange, SendsAgainWithTheLeTheCardAsksFor) {
  ScriptedReader reader{"6C05", "01020304059000"};
  EXPECT_EQ(exchange(reader, {.cla = 0x80, .ins = 0xCA, .le = 256}).data.size(), 5u);
  EXPECT_EQ(reader.sent.back(), "80CA000005");

  ScriptedReader secured{"6C05"};
  EXPECT_EQ(exchange(secured, {.cla = 0x84, .ins = 0xCA, .le = 256}, {.repeat_wrong_le = false}).sw, 0x6C05);
  EXPECT_EQ(secured.sent.size(), 1u);  // wrapped bytes are never sent twice
}

TEST(Exchange, ChainsLongData) {
  ScriptedReader reader{"9000", "9000", "017F9000"};
  const Apdu command{.cla = 0x84, .ins = 0xD8, .p1 = 1, .p2 = 0x81, .data = Bytes(600, 0x11), .le = 256};
  EXPECT_TRUE(exchange(reader, command).ok());
  ASSERT_EQ(reader.sent.size(), 3u);
  EXPECT_EQ(reader.sent[0].substr(0, 10), "94D80181FF");
  EXPECT_EQ(reader.sent[1].substr(0, 10), "94D80181FF");
  EXPECT_EQ(reader.sent[2].substr(0, 10), "84D801815A");
  EXPECT_EQ(reader.sent[2].size(), 2u * (5 + 90 + 1));
}

TEST(Exchange, StopsAChainAtTheFirstRefusal) {
  ScriptedReader reader{"9000", "6A84", "9000"};
  EXPECT_EQ(exchange(reader, {.ins = 0xD8, .data = Bytes(600)}).sw, 0x6A84);
  EXPECT_EQ(reader.sent.size(), 2u);
}

TEST(Exchange, SendsExtendedWhereTheReaderTakesIt) {
  ScriptedReader reader{"9000"};
  exchange(reader, {.ins = 0xD8, .data = Bytes(600)}, {.extended_length = true});
  EXPECT_EQ(reader.sent[0].substr(0, 14), "00D80000000258");
}

TEST(Exchange, RaisesReaderOnWhatIsNoAnswer) {
  ScriptedReader empty{""};
  EXPECT_THROW(exchange(empty, {.ins = 0xCA}), Error);
  ScriptedReader half{"90"};
  EXPECT_THROW(exchange(half, {.ins = 0xCA}), Error);
  ScriptedReader torn{"AA6102"};
  EXPECT_THROW(exchange(torn, {.ins = 0xCA}), Error);
}

TEST(Exchange, EndsACardThatNeverEnds) {
  ScriptedReader silent{"6100"};
  silent.repeat_last = true;
  EXPECT_THROW(exchange(silent, {.ins = 0xCA}), Error);
  EXPECT_EQ(silent.sent.size(), 257u);

  ScriptedReader chatty{"AABBCCDD6104"};
  chatty.repeat_last = true;
  EXPECT_THROW(exchange(chatty, {.ins = 0xCA}, {.response_limit = 10}), Error);
  EXPECT_EQ(chatty.sent.size(), 3u);
}

}  // namespace
}  // namespace cw::card
