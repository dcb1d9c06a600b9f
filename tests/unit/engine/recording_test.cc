// The text form of recordings: what is written is read back, and what is not a recording is refused by its line.
#include "engine/recording.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/recording_text.h"

namespace cw::engine {
namespace {

const std::string kHash(64, 'A');
const std::string kHead =
    "cardwright recording 1\n\nrun \"demo/x\"\ncard \"sim:generic\"\nflavor \"generic\"\nbundle " + kHash +
    "\npolicy \"default\" " + kHash + "\n";
const std::string kBegin = kHead + "attempt 1\nreset => 3B00\n";

std::string refusal(const std::string& text) {
  try {
    Recording::parse(text, "x.rec");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.message().find('\n'), std::string::npos);
    return error.message();
  }
  return "it was read";
}

/// The file as it is written again from what was read.
std::string again(const std::string& text) {
  const Recording recording = Recording::parse(text, "x.rec");
  std::string out = std::string(kRecordingVersion) + "\n";
  for (const RecordedRun& run : recording.runs) {
    out += "\n" + head_text(run.head);
    for (const RecordedLine& line : run.lines) out += line_text(line);
  }
  return out;
}

TEST(Recording, every_kind_of_line_is_read_and_written_the_same) {
  const std::string text =
      kHead + "argument \"a\" bytes\nargument \"b\" bytes A000\nargument \"cap\" cap \"x.cap\" " + kHash +
      "\nargument \"n\" integer -5\nargument \"no\" boolean false\nargument \"s\" secret <12 bytes>\n"
      "argument \"t\" string \"say \\\"\\x0A\\\\\"\nargument \"u\" key \"isd\"\nargument \"yes\" boolean true\n"
      "attempt 1\n"
      "reset => error reader \"the card was removed\"\n"
      "failed => error reader \"the card was removed\" cause \"torn\"\n"
      "attempt 2\n"
      "reset => 3B00\n"
      "0> 00A40400 le=256 => 6F00 9000\n"
      "0> 80CA0101 le=256 => <12 bytes> 9000\n"
      "0> 80CA00E0 => 6A88\n"
      "open \"isd\" level=33 version=30 scp=03 i=70 aid=A000 logical=1 s16 => 1 scp=03 i=70 level=33 version=30 "
      "diversification=00000000000000000001 counter=000001 max=239\n"
      "open \"isd\" level=01 => error card sw=6982 \"no\"\n"
      "open \"new\" or \"old\" level=03 version=30 => 2 scp=03 i=70 level=03 version=30 "
      "diversification=00000000000000000001 counter=000001 max=239 keys=\"old\"\n"
      "1> 80E60200 <file 1F2E3D4C5B6A7988 0+239> => 9000\n"
      "1+ 80E80000 <secret pin 8> <key isd/0> => 6A80\n"
      "1+ 80E80001 => no answer\n"
      "1> 80E80000 => error channel \"wrong MAC\"\n"
      "1+ 80E80001 => no answer\n"
      "close 1 => done\n"
      "wait 500\n"
      "time => 1767225600000\n"
      "random 2 => ABCD\n"
      "keys \"isd\" => aes size=16 version=30 kcvs=112233,445566,778899\n"
      "keys \"master\" => des size=16 version=00 kcvs=\n"
      "keys \"none\" => error usage \"no such set\"\n"
      "http \"POST\" \"https://x/y\" query <3 bytes> <5 bytes> => 200 <7 bytes>\n"
      "http \"GET\" \"https://x/y\" header \"a\" \"b\" body \"\" => 200 header \"c\" \"d\" body \"\\xFF\"\n"
      "http \"GET\" \"https://x/y\" <0 bytes> => error http \"timed out\"\n"
      "step \"load file\" done\n"
      "step \"applet\" skipped\n"
      "end => error policy \"no\"\n";
  EXPECT_EQ(again(text), text);
}

TEST(Recording, comments_and_empty_lines_stand_anywhere) {
  const std::string text = "# first\ncardwright recording 1\n# \xC3\xA4\n" + kHead.substr(kHead.find("\nrun")) +
                           "# here\n\nattempt 1\n#\nreset => 3B00\n\nend => done\n# last\n";
  EXPECT_EQ(again(text), kBegin + "end => done\n");
}

TEST(Recording, several_runs_stand_in_a_row_and_one_may_be_without_its_end) {
  const std::string run = kBegin.substr(kBegin.find("\nrun"));
  const Recording recording = Recording::parse(kBegin + "end => done\n" + run + run + "end => done\n", "x.rec");
  ASSERT_EQ(recording.runs.size(), 3u);
  EXPECT_EQ(recording.runs[1].lines.size(), 2u);
  EXPECT_EQ(recording.runs[2].line, 20u);
}

TEST(Recording, text_of_others_cannot_make_a_line) {
  const std::string hostile = "\" => 9000\nend => done\n\r\x01\xFF\\ => x";
  const std::string text = quote(hostile);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find("=>"), std::string::npos);
  const std::string file = kBegin + "keys " + text + " => error usage " + text + "\nend => done\n";
  const Recording recording = Recording::parse(file, "x.rec");
  EXPECT_EQ(std::get<Error>(recording.runs[0].lines[2].reply).message(), hostile);
  EXPECT_EQ(again(file), file);

  host::Command command{.cla = 0x80, .ins = 0xD8};
  command.data.add(host::KeyPart{.set = hostile});
  const std::string line = command_text({.channel = 1, .plan = {command}, .backend = hostile}, 0);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find("=>"), std::string::npos);
  EXPECT_EQ(Recording::parse(kBegin + line + " => 9000\n", "x.rec").runs[0].lines[2].request, line);
}

TEST(Recording, signatures_that_were_checked_are_there_with_what_came_of_it) {
  const std::string file = kBegin + "keys \"issuer.token\" => ec size=64 version=00 kcvs=\n" +
                           verifies_text("issuer.receipt", from_hex("0200"), from_hex("AABB")) + " => 1\nend => done\n";
  EXPECT_EQ(again(file), file);
  const Recording recording = Recording::parse(file, "x.rec");
  EXPECT_EQ(recording.runs[0].lines[3].kind, RecordedLine::Kind::verifies);
  EXPECT_EQ(std::get<int64_t>(recording.runs[0].lines[3].reply), 1);
}

TEST(Recording, domains_and_signed_messages_are_there_with_what_came_back) {
  host::DomainRecord domain{
      from_hex("F063617264770001"), "present", "9F7F", "https://x/ => y", "none", "demo.sd", 0x31, "RESETED"};
  const std::string one = domains_text(domain).substr(std::string("domains put ").size());
  const std::string file = kBegin + "domains => 0\n" + domains_text(domain) + " => 1 " + one + "\ndomains => 2 " + one +
                           " " + one + "\n" + sign_text("acme.messages", from_hex("610A")) + " => AABB\n" +
                           sign_text("acme.messages", {}) + " => error usage \"no\"\nend => done\n";
  EXPECT_EQ(again(file), file);
  const Recording recording = Recording::parse(file, "x.rec");
  EXPECT_EQ(std::get<RecordedDomains>(recording.runs[0].lines[3].reply).domains, std::vector{domain});
  EXPECT_EQ(std::get<Bytes>(recording.runs[0].lines[5].reply), from_hex("AABB"));
  EXPECT_NE(refusal(kBegin + "domains => 2 " + one + "\n").find("x.rec"), std::string::npos);
  EXPECT_NE(refusal(kBegin + "domains put F0 => 0\n").find("x.rec"), std::string::npos);
}

TEST(Recording, what_is_no_recording_is_refused) {
  EXPECT_NE(refusal("").find("x.rec: not a recording: it is empty"), std::string::npos) << refusal("");
  EXPECT_NE(refusal("hello\n").find("x.rec:1: not a recording"), std::string::npos);
  EXPECT_NE(refusal(std::string(100, '\0')).find("x.rec:1: not a recording"), std::string::npos);
  EXPECT_NE(refusal("cardwright recording 2\n").find("reads 'cardwright recording 1' only"), std::string::npos);
  EXPECT_NE(refusal("cardwright recording 1\nattempt 1\n").find("x.rec:2: expected 'run '"), std::string::npos);
}

TEST(Recording, a_cut_anywhere_is_refused_or_leaves_whole_lines) {
  const std::string text = kBegin + "0> 00A40400 le=256 => 6F00 9000\nend => done\n";
  for (size_t size = 0; size < text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    const std::string why = refusal(cut);
    EXPECT_TRUE(why != "it was read" || cut.ends_with('\n')) << cut;
  }
}

TEST(Recording, a_line_that_is_doubled_or_out_of_order_is_refused_by_its_number) {
  const std::string run = kBegin.substr(kBegin.find("\nrun") + 1);
  EXPECT_NE(refusal(kHead + "flavor \"x\"\n").find("x.rec:8: "), std::string::npos);
  EXPECT_NE(refusal(kHead + "reset => 3B00\n").find("x.rec:8: expected an attempt"), std::string::npos);
  EXPECT_NE(refusal(kBegin + "attempt 1\n").find("x.rec:10: an attempt begins a run"), std::string::npos);
  EXPECT_NE(refusal(kBegin + "end => done\nend => done\n").find("x.rec:11: expected 'run '"), std::string::npos);
  EXPECT_NE(refusal(kBegin + "0+ 00A40400 => 9000\n").find("x.rec:10: no plan"), std::string::npos);
  EXPECT_NE(refusal(kBegin + "0> 00A40400 => no answer\n").find("x.rec:10: "), std::string::npos);
  EXPECT_NE(refusal(kBegin + "0> 00A40400 => error card \"x\"\n0+ 00A40400 => 9000\n").find("x.rec:11: "),
            std::string::npos);
  const std::string twice = "argument \"a\" integer 1\n";
  EXPECT_NE(refusal(kHead + twice + twice).find("x.rec:9: arguments are given once"), std::string::npos);
}

TEST(Recording, a_line_that_is_written_in_another_way_is_refused) {
  for (const char* line : {"0> 00a40400 => 9000",
                           "0> 00A404 => 9000",
                           "00> 00A40400 => 9000",
                           "0> 00A40400 => 900",
                           "0> 00A40400 => 6F0000",
                           "0> 00A40400 =>  9000",
                           "0> 00A40400",
                           "0> 00A40400 => 6F 9000 ",
                           "4294967296> 00A40400 => 9000",
                           "99999999999999999999999> 00A40400 => 9000",
                           "0> 00A40400 => <9999999999 bytes> 9000",
                           "0> 00A40400 => <-1 bytes> 9000",
                           "time => x",
                           "time => 01",
                           "wait 1 => done",
                           "wait -1",
                           "random 1025 => 00",
                           "random 1 => ",
                           "end",
                           "end => ok",
                           "step x done",
                           "step \"x\" gone",
                           "keys \"x => done",
                           "keys isd => done",
                           "keys \"isd\" => hmac size=16 version=30 kcvs=",
                           "keys \"\\q\" => error usage \"x\"",
                           "close 1 => error nonsense \"x\"",
                           "open \"isd\" level=33 => 0 scp=03",
                           "nonsense",
                           "failed => done",
                           "reset => 3B00 3B00",
                           "http \"GET\" x => 200 <1 bytes>"}) {
    const std::string why = refusal(kBegin + line + "\n");
    EXPECT_NE(why.find("x.rec:10: "), std::string::npos) << line << ": " << why;
  }
  EXPECT_NE(refusal(kBegin + "time => 5\r\n").find("printable ASCII"), std::string::npos);
}

}  // namespace
}  // namespace cw::engine
