// The trace: decoded for people, and never what stands behind a name.
#include "app/trace.h"

#include <sstream>

#include <gtest/gtest.h>

#include "base/hex.h"

namespace cw::app {
namespace {

using host::Command;

std::string traced(const Command& command, const host::Answer& answer, host::ChannelId channel = 1) {
  std::ostringstream out;
  Trace(out, {.times = false}).exchanged(command, channel, answer, {});
  return out.str();
}

TEST(Trace, shows_command_answer_and_what_the_status_word_means) {
  const Command select{0x00, 0xA4, 0x04, 0x00, host::Data(from_hex("A000000151000000")), 256};
  const std::string text = traced(select, {from_hex("6F00"), 0x9000}, 0);
  EXPECT_NE(text.find("#1 SELECT A000000151000000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  > 00A40400 A000000151000000 le=256\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  < 6F00\n  < 9000"), std::string::npos) << text;
}

TEST(Trace, a_refusal_is_explained_for_its_command) {
  const Command remove{0x80, 0xE4, 0x00, 0x00, host::Data(from_hex("4F05A000000001")), {}};
  const std::string text = traced(remove, {{}, 0x6A88});
  EXPECT_NE(text.find("[channel 1] DELETE A000000001"), std::string::npos) << text;
  EXPECT_NE(text.find("6A88 "), std::string::npos) << text;
  EXPECT_NE(text.find("not found"), std::string::npos) << text;
}

TEST(Trace, a_secret_is_a_name_and_a_length) {
  Command store{0x80, 0xE2, 0x80, 0x00, {}, {}};
  store.data.add(from_hex("0101"));
  store.data.add(host::SecretPart{"holder", 12});
  const std::string text = traced(store, {{}, 0x9000});
  EXPECT_NE(text.find("0101 <secret holder 12>"), std::string::npos) << text;
  EXPECT_NE(text.find("14 bytes"), std::string::npos) << "as many as travel: " << text;
}

TEST(Trace, a_key_is_a_name) {
  Command put_key{0x80, 0xD8, 0x00, 0x81, {}, 256};
  put_key.data.add(from_hex("30"));
  put_key.data.add(host::KeyPart{"transit.sd", 0});
  const std::string text = traced(put_key, {from_hex("30"), 0x9000});
  EXPECT_NE(text.find("30 <key transit.sd/0>"), std::string::npos) << text;
}

TEST(Trace, a_load_block_is_a_hash_and_an_offset) {
  auto file = std::make_shared<host::File>(host::File{"transit.cap", Bytes(1000, 0xEE), Bytes(32, 0xAB)});
  Command load{0x80, 0xE8, 0x00, 0x01, {}, {}};
  load.data.add(host::FilePart{file, 239, 239});
  const std::string text = traced(load, {{}, 0x9000});
  EXPECT_NE(text.find("<file ABABABABABABABAB 239+239>"), std::string::npos) << text;
  EXPECT_EQ(text.find("EEEE"), std::string::npos);
}

TEST(Trace, opening_a_channel_names_the_key_set) {
  std::ostringstream out;
  host::OpenChannel asked;
  asked.keys = "isd";
  host::ChannelOpened opened;
  opened.channel = 1;
  opened.scp = 3;
  opened.i = 0x70;
  opened.level = 0x33;
  opened.key_version = 0x30;
  Trace(out, {.times = false}).channel_opened(asked, opened, {});
  EXPECT_NE(out.str().find("key set isd"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("SCP03 i=70, level 33, key version 30"), std::string::npos) << out.str();
}

TEST(Trace, what_an_application_answers_is_a_length) {
  const Bytes holder = from_hex("4164612041646120");
  const Command get_data{0x80, 0xCA, 0x01, 0x01, {}, 256};
  const std::string text = traced(get_data, {holder, 0x9000});
  EXPECT_EQ(text.find(to_hex(holder)), std::string::npos) << text;
  EXPECT_NE(text.find("  < <8 bytes>\n  < 9000"), std::string::npos) << text;

  std::ostringstream all;
  Trace(all, {.times = false, .all_answers = true}).exchanged(get_data, 1, {holder, 0x9000}, {});
  EXPECT_NE(all.str().find(to_hex(holder)), std::string::npos);
}

TEST(Trace, what_a_card_says_about_itself_is_shown) {
  const Bytes data = from_hex("C103000001");
  for (const Command& command : {Command{0x80, 0xCA, 0x00, 0xC1, {}, 256}, Command{0x80, 0xF2, 0x40, 0x02, {}, 256}}) {
    EXPECT_NE(traced(command, {data, 0x9000}).find(to_hex(data)), std::string::npos);
  }
}

}  // namespace
}  // namespace cw::app
