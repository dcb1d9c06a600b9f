// Faults between host and card, seen from the wire.
#include "scenario/faulty_reader.h"

#include <deque>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"

namespace cw::scenario {
namespace {

/// Answers each command with its own bytes and 9000.
class Echo : public card::Reader {
 public:
  std::string name() const override { return "echo"; }
  Bytes reset() override {
    ++resets;
    return {0x3B, 0x00};
  }
  Bytes transmit(ByteView command) override {
    seen.push_back(to_hex(command));
    Bytes answer = to_bytes(command);
    append(answer, from_hex("9000"));
    return answer;
  }
  std::vector<std::string> seen{};
  int resets = 0;
};

class FaultyReaderTest : public ::testing::Test {
 protected:
  std::string send(const std::string& command) {
    try {
      return to_hex(reader_.transmit(from_hex(command)));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::reader);
      return error.message();
    }
  }
  void arm(const std::string& json) { reader_.arm(Fault::parse(nlohmann::json::parse(json))); }

  Echo echo_;
  std::vector<std::string> fired_;
  FaultyReader reader_{echo_, nullptr, [this](const std::string& text) { fired_.push_back(text); }};
};

TEST_F(FaultyReaderTest, without_faults_nothing_is_changed) {
  EXPECT_EQ(send("00A4040000"), "00A40400009000");
  EXPECT_EQ(echo_.seen, std::vector<std::string>{"00A4040000"});
}

TEST_F(FaultyReaderTest, torn_before_the_card_sees_nothing_and_has_no_power_until_the_reset) {
  arm(R"({"kind":"tear before","number":2})");
  EXPECT_EQ(send("80CA006600"), "80CA0066009000");
  EXPECT_NE(send("80CA006700").find("before it saw the command"), std::string::npos);
  EXPECT_EQ(echo_.seen.size(), 1u);
  EXPECT_NE(send("80CA006700").find("no power"), std::string::npos);
  reader_.reset();
  EXPECT_EQ(send("80CA006700"), "80CA0067009000");
  EXPECT_EQ(fired_, std::vector<std::string>{"tear before, command 2 (GET DATA)"});
}

TEST_F(FaultyReaderTest, torn_after_the_card_has_acted) {
  arm(R"({"kind":"tear after","on":"INSTALL"})");
  EXPECT_NE(send("80E60200").find("lost power"), std::string::npos);
  EXPECT_EQ(echo_.seen, std::vector<std::string>{"80E60200"});
}

TEST_F(FaultyReaderTest, a_name_is_of_one_kind_or_of_all_and_counts_its_own) {
  arm(R"({"kind":"status","sw":27396,"on":"INSTALL [for load]","nth":2})");
  EXPECT_EQ(send("80E60C00"), "80E60C009000");
  EXPECT_EQ(send("80E60200"), "80E602009000");
  EXPECT_EQ(send("84E60200"), "6B04") << "secure messaging does not hide a command's name";
  EXPECT_EQ(send("80E60200"), "80E602009000") << "once";
}

TEST_F(FaultyReaderTest, a_status_word_may_come_from_then_on) {
  arm(R"({"kind":"status","sw":27010,"on":"GET DATA","always":true})");
  EXPECT_EQ(send("80CA006600"), "6982");
  EXPECT_EQ(send("80CA006600"), "6982");
  EXPECT_EQ(send("00A4040000"), "00A40400009000");
  EXPECT_EQ(echo_.seen.size(), 1u);
}

TEST_F(FaultyReaderTest, answers_are_corrupted_cut_doubled_and_dropped) {
  arm(R"({"kind":"corrupt","number":1})");
  arm(R"({"kind":"truncate","number":2})");
  arm(R"({"kind":"duplicate","number":3})");
  arm(R"({"kind":"drop","number":5})");
  EXPECT_EQ(send("80CA0066"), "80CA00679000");
  EXPECT_EQ(send("80CA0066"), "80CA00");
  EXPECT_EQ(send("80CA0001"), "80CA00019000");
  EXPECT_EQ(send("80CA0002"), "80CA00019000") << "the answer to the command before";
  EXPECT_NE(send("80CA0003").find("no answer"), std::string::npos);
  EXPECT_EQ(echo_.seen.size(), 5u);
}

TEST_F(FaultyReaderTest, a_wrong_mac_waits_for_a_command_that_has_one) {
  arm(R"({"kind":"wrong mac"})");
  EXPECT_EQ(send("80E40000024F00"), "80E40000024F009000");
  EXPECT_EQ(send("84E400000A4F00010203040506070800"), "84E400000A4F000102030405060709009000");
  EXPECT_EQ(send("84E400000A4F000102030405060708"), "84E400000A4F0001020304050607089000") << "once";
}

TEST_F(FaultyReaderTest, get_response_is_a_part_of_the_command_before) {
  arm(R"({"kind":"tear before","number":2})");
  send("80CA0066");
  EXPECT_EQ(send("00C0000010"), "00C00000109000");
  EXPECT_NE(send("80CA0066").find("before"), std::string::npos);
}

TEST_F(FaultyReaderTest, a_reader_that_is_gone_comes_back_when_faults_are_cleared) {
  arm(R"({"kind":"reader gone"})");
  EXPECT_NE(send("80CA0066").find("gone"), std::string::npos);
  EXPECT_THROW(reader_.reset(), Error);
  reader_.disarm();
  EXPECT_EQ(send("80CA0066"), "80CA00669000");
}

TEST_F(FaultyReaderTest, locked_keys_refuse_initialize_update_alone) {
  arm(R"({"kind":"lock keys"})");
  EXPECT_EQ(send("8050300008"), "6983");
  EXPECT_EQ(send("80CA0066"), "80CA00669000");
}

TEST_F(FaultyReaderTest, what_did_not_happen_is_pending) {
  arm(R"({"kind":"drop","on":"LOAD"})");
  arm(R"({"kind":"lock keys"})");
  ASSERT_EQ(reader_.pending().size(), 1u);
  EXPECT_EQ(reader_.pending().front().text(), "drop, LOAD");
}

TEST_F(FaultyReaderTest, a_chip_is_needed_for_what_only_a_chip_can_do) {
  for (const char* kind : {"tear inside", "nvm full"}) {
    try {
      arm(R"({"kind":")" + std::string(kind) + R"("})");
      FAIL() << kind;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  }
}

TEST(Fault, says_what_is_wrong_with_it) {
  const auto message = [](const std::string& json) -> std::string {
    try {
      Fault::parse(nlohmann::json::parse(json));
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  EXPECT_NE(message(R"({"kind":"tear bevore"})").find("did you mean 'tear before'"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"drop","an":"LOAD"})").find("unknown field 'an'"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"drop","on":"LAOD"})").find("did you mean 'LOAD'"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"status","sw":1})").find("from 24832 to 40959"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"drop","number":0})").find("from 1"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"drop","number":1.5})").find("whole number"), std::string::npos);
  EXPECT_NE(message("3").find("cw.fault"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"drop","always":"yes"})").find("true or false"), std::string::npos);
  EXPECT_NE(message(R"({"kind":"nvm full"})").find("how many bytes"), std::string::npos);
  EXPECT_EQ(message(R"({"kind":"drop","on":"INS 5A"})"), "");
}

}  // namespace
}  // namespace cw::scenario
