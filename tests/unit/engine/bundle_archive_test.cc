// A bundle as a file: one form, and nothing else is read.
#include "engine/bundle_archive.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cw::engine {
namespace {

using Texts = std::map<std::string, std::string>;

const Texts kTexts = {{"scripts/acme/hello.lua", "return 1\n"}, {"stdlib/cw/x.lua", "return 'wörd'\n"}};

Bytes file_of(const Texts& texts) { return BundleArchive::of(Bundle::of(texts)).write(); }

std::string refusal(ByteView file) {
  try {
    BundleArchive::read(file, "x.bundle");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::script);
    EXPECT_TRUE(error.message().starts_with("cannot read the bundle x.bundle: ")) << error.message();
    return error.message();
  }
  return "accepted";
}

std::string refusal_of(const std::string& name, const std::string& text = "return 1\n") {
  try {
    BundleArchive::of(Bundle::of({{name, text}}));
  } catch (const Error& error) {
    return error.message();
  }
  return "accepted";
}

TEST(BundleArchives, what_is_written_is_read_again) {
  const BundleArchive read = BundleArchive::read(file_of(kTexts), "x.bundle");
  EXPECT_EQ(read.bundle->texts(), kTexts);
  EXPECT_EQ(read.bundle->hash(), Bundle::of(kTexts)->hash());
  EXPECT_FALSE(read.signature);
  EXPECT_EQ(read.write(), file_of(kTexts));
}

TEST(BundleArchives, a_signature_travels_with_the_scripts_and_changes_none) {
  BundleArchive archive = BundleArchive::of(Bundle::of(kTexts));
  archive.signature = crypto::Certified{{1, 2, 3}, "certificates\n"};
  const BundleArchive read = BundleArchive::read(archive.write(), "x.bundle");
  ASSERT_TRUE(read.signature);
  EXPECT_EQ(read.signature->signature, (Bytes{1, 2, 3}));
  EXPECT_EQ(read.signature->chain, "certificates\n");
  EXPECT_EQ(read.bundle->hash(), archive.bundle->hash());
}

TEST(BundleArchives, one_that_is_cut_short_anywhere_is_refused) {
  const Bytes file = file_of(kTexts);
  for (size_t size = 0; size < file.size(); size += 7) {
    EXPECT_NE(refusal(ByteView(file).first(size)), "accepted") << size;
  }
  Bytes longer = file;
  longer.push_back(0);
  EXPECT_NE(refusal(longer), "accepted");
}

TEST(BundleArchives, one_with_any_bit_flipped_is_refused) {
  Bytes file = file_of(kTexts);
  for (size_t at = 0; at < file.size(); ++at) {
    file[at] ^= static_cast<uint8_t>(1 << at % 8);
    EXPECT_NE(refusal(file), "accepted") << at;
    file[at] ^= static_cast<uint8_t>(1 << at % 8);
  }
}

TEST(BundleArchives, names_are_words_below_scripts_or_stdlib) {
  EXPECT_EQ(refusal_of("scripts/_tools/a-b_c.lua"), "accepted");
  for (const char* name : {"", ".lua", "a.lua", "scripts.lua", "scripts/.lua", "scripts//a.lua", "scripts/a/.lua",
                           "scripts/../a.lua", "/scripts/a.lua", "scripts/a b.lua", "scripts/a.b.lua", "scripts/a.LUA",
                           "scripts/-a.lua", "policies/a.lua", "scripts/\xC3\xA4.lua", "scripts/a\n.lua"}) {
    EXPECT_NE(refusal_of(name), "accepted") << name;
  }
  EXPECT_EQ(refusal_of("scripts/" + std::string(88, 'a') + ".lua"), "accepted");
  EXPECT_NE(refusal_of("scripts/" + std::string(89, 'a') + ".lua").find("more than 100"), std::string::npos);
}

TEST(BundleArchives, texts_are_utf8_and_move_no_cursor) {
  EXPECT_EQ(refusal_of("scripts/a.lua", "-- \xE2\x82\xAC\t\xF0\x9F\x92\xB3\r\n"), "accepted");
  for (const char* text : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\x1B[2J", "\x7F"}) {
    EXPECT_NE(refusal_of("scripts/a.lua", std::string("\n") + text).find("it is no text: line 2"), std::string::npos);
  }
  EXPECT_NE(refusal_of("scripts/a.lua", std::string("\0", 1)).find("control character"), std::string::npos);
}

TEST(BundleArchives, sizes_have_limits) {
  EXPECT_EQ(refusal_of("scripts/a.lua", std::string(256u << 10, ' ')), "accepted");
  EXPECT_NE(refusal_of("scripts/a.lua", std::string((256u << 10) + 1, ' ')).find("256 KiB"), std::string::npos);
  Texts many;
  for (int i = 0; i < 65; ++i) many["scripts/a" + std::to_string(i) + ".lua"] = std::string(256u << 10, ' ');
  EXPECT_THROW(BundleArchive::of(Bundle::of(many)), Error);
}

TEST(BundleArchives, scripts_are_checked_with_file_and_line) {
  const auto wrong = [](const std::string& name, const std::string& text) {
    try {
      check_scripts(*Bundle::of({{name, text}}));
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("accepted");
  };
  EXPECT_NE(wrong("stdlib/cw/x.lua", "return\n\n{").find("stdlib/cw/x.lua:3"), std::string::npos);
  EXPECT_NE(wrong("scripts/acme/x.lua", "return 7").find("scripts/acme/x.lua"), std::string::npos);
  EXPECT_EQ(wrong("scripts/_parts/x.lua", "return 7"), "accepted");
}

TEST(BundleArchives, a_flow_file_that_was_added_goes_along_to_another_bundle) {
  const auto one = Bundle::of(kTexts);
  const auto two = Bundle::of({{"scripts/acme/hello.lua", "return 2\n"}});
  const auto on_one = one->with_file(std::string(CW_SOURCE_DIR) + "/scripts/_template/flow.lua");
  EXPECT_EQ(on_one->base(), one->hash());
  EXPECT_NE(on_one->hash(), one->hash());
  const auto on_two = two->with_added_of(*on_one);
  EXPECT_EQ(on_two->base(), two->hash());
  EXPECT_EQ(on_two->texts().size(), 2U);
  EXPECT_EQ(two->with_added_of(*one)->hash(), two->hash());
}

}  // namespace
}  // namespace cw::engine
