// Readers of pcscd, as far as no daemon is needed: finding one by name, seeing what changed, words for codes. What
// needs a daemon is in tests/interop/pcsc.
#include "card/pcsc.h"

#include <atomic>
#include <functional>

#include <gtest/gtest.h>
#include <signal.h>

#include "base/error.h"
#include "base/hex.h"
#include "card/pcsc_error.h"
#include "card/pcsc_features.h"
#include "card/pcsc_reader.h"
#include "card/watched_thread.h"

namespace cw::card {
namespace {

using std::chrono::milliseconds;

const std::vector<std::string> kNames = {"ACS ACR39U ICC Reader 00 00", "OMNIKEY 5422 Smartcard Reader 01 00",
                                         "OMNIKEY 5422 Smartcard Reader 01 01", "Virtual PCD 00 00"};

std::string refusal(const std::string& wanted, const std::vector<std::string>& names, ErrorKind kind) {
  try {
    return "found " + find_pcsc_reader(wanted, names);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    return error.message();
  }
}

TEST(PcscNames, a_reader_is_found_by_its_name_its_index_or_a_part_that_no_other_has) {
  for (const char* wanted : {"Virtual PCD 00 00", "3", "pcd", "VIRTUAL"}) {
    EXPECT_EQ(find_pcsc_reader(wanted, kNames), kNames[3]) << wanted;
  }
  EXPECT_EQ(find_pcsc_reader("01 01", kNames), kNames[2]);
}

TEST(PcscNames, a_whole_name_wins_over_others_that_have_it_as_a_part) {
  EXPECT_EQ(find_pcsc_reader("ACS", {"ACS 2", "ACS"}), "ACS");
  EXPECT_EQ(find_pcsc_reader("1", {"a", "b", "1"}), "1");
}

TEST(PcscNames, digits_that_are_no_index_may_be_a_part) {
  EXPECT_EQ(find_pcsc_reader("5422", {"ACS", "OMNIKEY 5422"}), "OMNIKEY 5422");
}

TEST(PcscNames, nothing_means_the_only_reader) {
  EXPECT_EQ(find_pcsc_reader("", {"ACS"}), "ACS");
  EXPECT_NE(refusal("", kNames, ErrorKind::usage).find("which reader is meant?: 'ACS"), std::string::npos);
}

TEST(PcscNames, a_name_that_fits_none_or_several_is_refused_with_those_there_are) {
  EXPECT_NE(refusal("omnikey", kNames, ErrorKind::usage).find("fits several readers: 'OMNIKEY 5422 Smartcard"),
            std::string::npos);
  EXPECT_NE(refusal("Gemalto", kNames, ErrorKind::usage).find("no reader is called 'Gemalto'"), std::string::npos);
  EXPECT_NE(refusal("99999999999999999999", kNames, ErrorKind::usage).find("no reader is called"), std::string::npos);
  EXPECT_NE(refusal("0", {}, ErrorKind::reader).find("there is no reader"), std::string::npos);
}

PcscReaderInfo reader(const std::string& name, bool present, unsigned events) {
  PcscReaderInfo info;
  info.name = name;
  info.present = present;
  info.events = events;
  return info;
}

std::string told(const std::vector<PcscReaderInfo>& before, const std::vector<PcscReaderInfo>& after) {
  std::string out;
  for (const PcscChange& change : pcsc_changes(before, after)) {
    out += (out.empty() ? "" : "; ") + change.reader.name + " " + std::string(change.text());
  }
  return out;
}

TEST(PcscChanges, readers_and_cards_that_come_and_go_are_told) {
  const auto a = reader("a", false, 0);
  EXPECT_EQ(told({a}, {a}), "");
  EXPECT_EQ(told({}, {a}), "a reader added");
  EXPECT_EQ(told({a}, {}), "a reader removed");
  EXPECT_EQ(told({a}, {reader("a", true, 1)}), "a card inserted");
  EXPECT_EQ(told({reader("a", true, 1)}, {reader("a", false, 2)}), "a card removed");
  EXPECT_EQ(told({reader("a", true, 1), reader("b", false, 0)}, {reader("b", true, 1)}),
            "a reader removed; b card inserted");
}

TEST(PcscChanges, a_card_that_left_and_came_back_unseen_is_both) {
  EXPECT_EQ(told({reader("a", true, 1)}, {reader("a", true, 3)}), "a card removed; a card inserted");
}

TEST(PcscChanges, a_card_that_another_program_takes_is_told) {
  auto held = reader("a", true, 1);
  held.in_use = held.exclusive = true;
  EXPECT_EQ(told({reader("a", true, 1)}, {held}), "a state changed");
  EXPECT_EQ(held.state(), "card, held by another program");
}

TEST(PcscErrors, a_code_is_never_shown_alone) {
  for (uint32_t code = 0x80100001; code < 0x80100080; ++code) {
    const std::string text = pcsc_error("ACS", "opening the card", code).message();
    EXPECT_EQ(text.rfind("reader ACS: opening the card: ", 0), 0u) << text;
    EXPECT_NE(text.find("(" + std::string(pcsc_code_name(code)) + ", 801000"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
  EXPECT_EQ(pcsc_code_name(0x8010000B), "SCARD_E_SHARING_VIOLATION");
  EXPECT_EQ(pcsc_code_name(1), "a code PC/SC does not know");
}

TEST(PcscErrors, what_went_wrong_has_a_line_of_its_own_each) {
  const std::vector<std::pair<uint32_t, std::string>> lines = {
      {0x8010001D, "start it"},    {0x8010000C, "no card in the reader"}, {0x80100066, "mute"},
      {0x80100067, "no power"},    {0x8010000F, "T=0 nor T=1"},           {0x8010000B, "another program holds"},
      {0x80100069, "was removed"}, {0x80100068, "was reset by another"},  {0x80100017, "was unplugged"},
      {0x8010001E, "pcscd ended"}, {0x8010002E, "knows no reader"},
  };
  for (const auto& [code, words] : lines) {
    EXPECT_NE(pcsc_error("", "x", code).message().find(words), std::string::npos) << words;
  }
}

// PC/SC part 10, 2.2: tag, length, control code in big endian; 2.6.14: little endian.
TEST(PcscFeatures, the_longest_apdu_of_a_reader_is_read) {
  EXPECT_EQ(pcsc_feature(from_hex("0604 42330006 1204 42330012"), 0x12), 0x42330012u);
  EXPECT_EQ(pcsc_feature(from_hex("0604 42330006"), 0x12), std::nullopt);
  EXPECT_EQ(max_apdu_data(from_hex("0B02 E608 0A04 00000100")), 0x10000u);
  EXPECT_EQ(max_apdu_data(from_hex("0A04 00000000")), 0u);
}

TEST(PcscFeatures, cut_or_odd_answers_say_nothing) {
  for (const char* hex : {"", "12", "1204", "1204423300", "1203423300", "FF"}) {
    EXPECT_EQ(pcsc_feature(from_hex(hex), 0x12), std::nullopt) << hex;
  }
  EXPECT_EQ(max_apdu_data(from_hex("0A020000")), std::nullopt);
}

TEST(PcscReader, nothing_is_sent_before_a_reset) {
  PcscReader reader("nobody");
  EXPECT_EQ(reader.name(), "pcsc:nobody");
  EXPECT_FALSE(reader.extended_length());
  EXPECT_THROW(reader.transmit(from_hex("00A40400")), Error);
}

TEST(WatchedThread, jobs_are_done_one_after_the_other_on_the_same_thread) {
  auto ids = std::make_shared<std::vector<std::thread::id>>();
  WatchedThread thread;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(thread.run([ids] { ids->push_back(std::this_thread::get_id()); }, milliseconds(60'000)));
  }
  EXPECT_EQ(std::count(ids->begin(), ids->end(), ids->front()), 100);
  EXPECT_NE(ids->front(), std::this_thread::get_id());
}

TEST(WatchedThread, a_job_that_hangs_is_left_behind_and_drops_what_it_owns_when_it_ends) {
  auto released = std::make_shared<std::atomic<bool>>(false);
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = owned;
  {
    WatchedThread thread;
    EXPECT_FALSE(thread.run(
        [released, owned = std::move(owned)] {
          while (!*released) std::this_thread::sleep_for(milliseconds(1));
        },
        milliseconds(20)));
  }
  EXPECT_FALSE(seen.expired());
  *released = true;
  for (int i = 0; i < 60'000 && !seen.expired(); ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(seen.expired());
}

TEST(WatchedThread, signals_go_to_whoever_waits_for_them) {
  auto blocked = std::make_shared<bool>(false);
  WatchedThread thread;
  thread.run(
      [blocked] {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        *blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
      },
      milliseconds(60'000));
  EXPECT_TRUE(*blocked);
}

}  // namespace
}  // namespace cw::card
