#include "gp/zip.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "zip_builder.h"

namespace cw::gp {
namespace {

using testing::make_zip;
using testing::ZipPart;

/// The message it is refused with; empty if it is read.
std::string refusal(ByteView file, const ZipLimits& limits = {}) {
  try {
    read_zip(file, "x.cap", limits);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cap);
    EXPECT_TRUE(error.message().starts_with("x.cap: ")) << error.message();
    EXPECT_EQ(error.message().find('\n'), std::string::npos);
    return error.message();
  }
}

bool refused_for(ByteView file, std::string_view why, const ZipLimits& limits = {}) {
  const std::string message = refusal(file, limits);
  EXPECT_NE(message.find(why), std::string::npos) << "said: " << message;
  return message.find(why) != std::string::npos;
}

TEST(Zip, ReadsStoredAndDeflated) {
  const Bytes text = to_bytes(std::string(3000, 'a') + "end");
  const auto entries = read_zip(make_zip({{.name = "a/", .content = {}},
                                          {.name = "a/stored", .content = text},
                                          {.name = "a/deflated", .content = text, .deflated = true},
                                          {.name = "a/empty", .content = {}, .deflated = true}}),
                                "x.cap");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name, "a/stored");
  EXPECT_EQ(entries[0].content, text);
  EXPECT_EQ(entries[1].content, text);
  EXPECT_TRUE(entries[2].content.empty());
}

TEST(Zip, RefusesNamesThatLeaveTheirFolder) {
  for (const char* name : {"../x", "a/../../x", "a/..", "..", "./x", "/etc/x", "c:x", "a\\b", "a\nb", "a//b"}) {
    EXPECT_TRUE(refused_for(make_zip({{.name = name, .content = {1}}}), "its name")) << name;
  }
  EXPECT_TRUE(refused_for(make_zip({{.name = "", .content = {1}}}), "its name"));
  EXPECT_EQ(refusal(make_zip({{.name = "a/..b/x..", .content = {1}}})), "");  // dots alone are no harm
}

TEST(Zip, RefusesTwoEntriesOfOneName) {
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = {1}}, {.name = "a", .content = {2}}}), "twice"));
  EXPECT_TRUE(
      refused_for(make_zip({{.name = "a/B.cap", .content = {1}}, {.name = "a/b.CAP", .content = {2}}}), "twice"));
}

TEST(Zip, RefusesBombsBeforeUnpackingThem) {
  const Bytes zeros(900000, 0);
  EXPECT_TRUE(refused_for(make_zip({{.name = "bomb", .content = zeros, .deflated = true}}), "bomb"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "big", .content = Bytes((1u << 20) + 1, 0), .deflated = true}}), "limit"));
  std::vector<ZipPart> many;
  for (int i = 0; i < 4; ++i) many.push_back({.name = std::to_string(i), .content = Bytes(300, 1)});
  EXPECT_TRUE(refused_for(make_zip(many), "over the limit", {.total_size = 1000}));
  EXPECT_TRUE(refused_for(make_zip(many), "4 entries", {.entries = 3}));
}

TEST(Zip, RefusesSizesThatLie) {
  const Bytes text = to_bytes(std::string(500, 'a'));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = text, .deflated = true, .size_change = -1}}), "unpack"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = text, .deflated = true, .size_change = 1}}), "unpack"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = text, .deflated = true, .packed_change = -1}}), "unpack"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = text, .size_change = 1}}), "two different sizes"));
  EXPECT_TRUE(
      refused_for(make_zip({{.name = "a", .content = text, .deflated = true, .packed_change = 100000}}), "past"));
  EXPECT_TRUE(
      refused_for(make_zip({{.name = "a", .content = text, .deflated = true, .packed_change = 3}}), "overlaps"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = text, .crc_xor = 1}}), "checksum"));
}

TEST(Zip, RefusesWhatTwoReadersCouldReadDifferently) {
  const ZipPart one{.name = "a", .content = {1, 2, 3}};
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = {1}, .local_name = "b"}}), "differ"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = {1}, .local_flags_xor = 0x800}}), "differ"));
  EXPECT_TRUE(refused_for(make_zip({one}, "a comment"), "end record"));
  Bytes trailing = make_zip({one});
  trailing.push_back(0);
  EXPECT_TRUE(refused_for(trailing, "end record"));
  Bytes prefixed = make_zip({one});
  prefixed.insert(prefixed.begin(), 4, 0x50);
  EXPECT_TRUE(refused_for(prefixed, "directory"));
  // Two directory entries that share one place in the file.
  EXPECT_TRUE(refused_for(make_zip({one, {.name = "a2", .content = {1, 2, 3}, .offset_change = -34}}), "differ"));
}

TEST(Zip, RefusesEncryptedAndUnknownMethods) {
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = {1}, .flags = 1}}), "encrypted"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = {1}, .method_change = 12}}), "method 12"));
  EXPECT_TRUE(refused_for(make_zip({{.name = "a", .content = {1}, .size_change = 0xFFFFFFFELL}}), "ZIP64"));
}

TEST(Zip, CutAtEveryByteIsRefused) {
  const Bytes whole =
      make_zip({{.name = "a/b", .content = Bytes(40, 1)}, {.name = "c", .content = Bytes(40, 2), .deflated = true}});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(refusal(ByteView(whole).first(size)).empty()) << size;
  }
}

TEST(Zip, NamesInErrorsArePrintable) {
  EXPECT_NE(refusal(make_zip({{.name = "a\x1B[31m", .content = {1}}})).find("a?[31m"), std::string::npos);
}

}  // namespace
}  // namespace cw::gp
