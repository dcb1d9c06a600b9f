#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "gp/cap_file.h"
#include "gp/zip.h"
#include "zip_builder.h"

namespace cw::gp {
namespace {

Bytes file(const std::string& name) { return read_file(std::string(CW_SOURCE_DIR) + "/tests/caps/" + name); }
CapFile cap(const std::string& name) { return CapFile::parse(file(name), name); }

std::string lower_hex(ByteView bytes) {
  std::string out = to_hex(bytes);
  for (char& c : out) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string sha256(const CapFile& cap, bool with_descriptor) {
  return lower_hex(cap.hash(crypto::Hash::sha256, with_descriptor));
}

/// The table of tests/caps/README.md, whose hashes with Descriptor an independent tool confirmed.
struct Known {
  const char* name;
  const char* format;
  const char* package_aid;
  const char* package_name;
  int major, minor;
  std::vector<const char*> applets;
  size_t size, size_with_descriptor;
  const char *hash, *hash_with_descriptor;
};

const Known kKnown[] = {
    {"wallet-1.0.cap",
     "2.1",
     "F0636172647701",
     "wallet",
     1,
     0,
     {"F063617264770101"},
     704,
     927,
     "01916820f4c3001c3e24b6b4a3bffe2b1a740bfcf61bde7183833856645d1347",
     "3e44fc850e4a3665970985a76765e8fee076c9877c5ff2889b1b816e316d0908"},
    {"wallet-1.1-debug.cap",
     "2.2",
     "F0636172647701",
     "wallet",
     1,
     1,
     {"F063617264770101"},
     709,
     932,
     "f8bd865c1cfc137a806f6f9ee23fbedea2dbe43a746d3e39a8b68e3c9410631a",
     "b1e9949540f8e1640984a8202f8059b14aa27363fbc47cec55939d14da6a2cc4"},
    {"tools-1.2.cap",
     "2.1",
     "F0636172647702",
     "tools",
     1,
     2,
     {},
     248,
     330,
     "926add394621dd00b2268ad1344212a0eeadb4e77fd6cbca9f7b6dd9ad26195c",
     "29402341d39d39453d0c13b9153af16899e218d188c650750c96bfba6086f564"},
    {"transit-2.1.cap",
     "2.1",
     "F0636172647703",
     "transit",
     2,
     1,
     {"F063617264770301", "F063617264770302"},
     30514,
     32002,
     "b5d1b48347b27fce03fe4834a3119264a3325491bcc39b0e908080ba670e2f2d",
     "5b09e07473755dcdf566f40b5b560e444c43955384f051416cacf60fd2256945"},
};

TEST(CapFile, SaysWhatTheTableSays) {
  for (const Known& known : kKnown) {
    SCOPED_TRACE(known.name);
    const CapFile found = cap(known.name);
    EXPECT_EQ(found.format_version(), known.format);
    EXPECT_FALSE(found.extended());
    EXPECT_EQ(to_hex(found.package_aid()), known.package_aid);
    EXPECT_EQ(found.package_name(), known.package_name);
    EXPECT_EQ(found.package_major(), known.major);
    EXPECT_EQ(found.package_minor(), known.minor);
    ASSERT_EQ(found.applets().size(), known.applets.size());
    for (size_t i = 0; i < known.applets.size(); ++i) EXPECT_EQ(to_hex(found.applets()[i]), known.applets[i]);
    EXPECT_EQ(found.load_file_data_block().size(), known.size);
    EXPECT_EQ(found.load_file_data_block(true).size(), known.size_with_descriptor);
    EXPECT_EQ(sha256(found, false), known.hash);
    EXPECT_EQ(sha256(found, true), known.hash_with_descriptor);
  }
}

TEST(CapFile, ImportsHaveVersions) {
  const CapFile wallet = cap("wallet-1.0.cap");
  ASSERT_EQ(wallet.imports().size(), 2u);
  EXPECT_EQ(to_hex(wallet.imports()[0].aid), "A0000000620101");
  EXPECT_EQ(wallet.imports()[0].major, 1);
  EXPECT_EQ(wallet.imports()[0].minor, 5);
  EXPECT_EQ(to_hex(wallet.imports()[1].aid), "A0000000620001");
}

TEST(CapFile, DebugIsThereAndNeverLoaded) {
  const CapFile wallet = cap("wallet-1.1-debug.cap");
  const auto& components = wallet.components();
  EXPECT_TRUE(std::any_of(components.begin(), components.end(), [](const auto& c) { return c.name == "Debug"; }));
  EXPECT_EQ(to_hex(wallet.load_file_data_block(true)).find("0C04F8002A"), std::string::npos);
}

// Java Card 3.1: Method, RefLocation and Descriptor are .capx, with lengths of four bytes. The Directory lists all of
// them, so they are part of the load file data block.
TEST(CapFile, ExtendedFormat) {
  const CapFile pair = cap("pair-1.0-extended.cap");
  EXPECT_TRUE(pair.extended());
  EXPECT_EQ(pair.format_version(), "2.3");
  EXPECT_EQ(to_hex(pair.package_aid()), "F0636172647710");
  EXPECT_EQ(pair.package_name(), "pair");
  ASSERT_EQ(pair.applets().size(), 1u);
  EXPECT_EQ(to_hex(pair.applets()[0]), "F063617264771201");
  EXPECT_EQ(pair.components().size(), 11u);
  EXPECT_EQ(pair.load_file_data_block().size(), 898u);
  EXPECT_EQ(pair.load_file_data_block(true).size(), 1210u);
  const auto method =
      std::find_if(pair.components().begin(), pair.components().end(), [](const auto& c) { return c.tag == 7; });
  ASSERT_NE(method, pair.components().end());
  EXPECT_EQ(method->content.size(), 0x21Au + 5);
}

// The hash that tests/caps/README.md gives for this file comes from a tool that joins *.cap and skips *.capx: a load
// file without the Method component, which no card can run. It is reproduced here to show what it is over.
TEST(CapFile, TheHashOfAToolThatSkipsCapx) {
  const CapFile pair = cap("pair-1.0-extended.cap");
  Bytes joined;
  for (const uint8_t tag : std::initializer_list<uint8_t>{0x01, 0x02, 0x04, 0x03, 0x06, 0x08, 0x0A, 0x05}) {
    for (const CapComponent& component : pair.components()) {
      if (component.tag == tag) append(joined, component.content);
    }
  }
  EXPECT_EQ(lower_hex(crypto::digest(crypto::Hash::sha256, joined)),
            "a6dfba7555c3efd6239dbf51ded563a342ec511cd3abd6da46458ff12dbee6b8");
}

TEST(CapFile, C4HeaderIsBer) {
  EXPECT_EQ(to_hex(CapFile::c4_header(127)), "C47F");
  EXPECT_EQ(to_hex(CapFile::c4_header(211)), "C481D3");
  EXPECT_EQ(to_hex(CapFile::c4_header(310)), "C4820136");
  EXPECT_EQ(to_hex(CapFile::c4_header(70000)), "C483011170");
  EXPECT_THROW(CapFile::c4_header(size_t{1} << 40), Error);
}

TEST(CapFile, JoinedComponentsAreTheSameCap) {
  for (const char* name : {"wallet-1.1-debug.cap", "transit-2.1.cap", "pair-1.0-extended.cap"}) {
    const CapFile whole = cap(name);
    const CapFile joined = CapFile::parse(whole.load_file_data_block(true), "x.ijc");
    EXPECT_EQ(joined.package_aid(), whole.package_aid());
    EXPECT_EQ(joined.hash(crypto::Hash::sha1), whole.hash(crypto::Hash::sha1));
    EXPECT_EQ(joined.applets(), whole.applets());
  }
  // Without Descriptor the Directory still lists it: a CAP file needs it, a load does not.
  EXPECT_THROW(CapFile::parse(cap("wallet-1.0.cap").load_file_data_block(false), "x.ijc"), Error);
}

/// The entries of a real file, to be changed and packed again.
std::vector<testing::ZipPart> parts_of(const std::string& name) {
  std::vector<testing::ZipPart> out;
  for (ZipEntry& entry : read_zip(file(name), name)) out.push_back({.name = entry.name, .content = entry.content});
  return out;
}

testing::ZipPart& part(std::vector<testing::ZipPart>& parts, std::string_view end) {
  for (testing::ZipPart& one : parts) {
    if (one.name.ends_with(end)) return one;
  }
  throw Error(ErrorKind::usage, "no such part");
}

std::string refusal(ByteView bytes) {
  try {
    CapFile::parse(bytes, "bad.cap");
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cap) << error.message();
    EXPECT_TRUE(error.message().starts_with("reading bad.cap: ")) << error.message();
    return error.message();
  }
}

void expect_refused(const std::vector<testing::ZipPart>& parts, std::string_view why) {
  const std::string message = refusal(testing::make_zip(parts));
  EXPECT_NE(message.find(why), std::string::npos) << "said: " << message;
}

TEST(BadCap, NotACapAtAll) {
  const std::string words = refusal(view("this is not a CAP file at all"));
  EXPECT_NE(words.find("neither"), std::string::npos);
  EXPECT_EQ(words.find("74686973"), std::string::npos) << "a file given by mistake may hold a secret";
  EXPECT_NE(refusal({}).find("neither"), std::string::npos);
  EXPECT_NE(refusal(testing::make_zip({{.name = "a.txt", .content = {1}}})).find("no Header"), std::string::npos);
}

TEST(BadCap, CutAtEveryByteIsRefused) {
  for (const char* name : {"wallet-1.0.cap", "pair-1.0-extended.cap"}) {
    const Bytes whole = file(name);
    for (size_t size = 0; size < whole.size(); ++size)
      ASSERT_FALSE(refusal(ByteView(whole).first(size)).empty()) << size;
    const Bytes joined = cap(name).load_file_data_block(true);
    for (size_t size = 0; size < joined.size(); ++size)
      ASSERT_FALSE(refusal(ByteView(joined).first(size)).empty()) << size;
  }
}

TEST(BadCap, EveryByteOfTheMetadataMayLie) {
  // Nothing crashes, and a changed byte is refused or makes another CAP file: no byte is ignored without reason.
  const Bytes whole = cap("wallet-1.0.cap").load_file_data_block(true);
  for (size_t at = 0; at < 120; ++at) {
    for (const uint8_t value : std::initializer_list<uint8_t>{0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      Bytes changed = whole;
      changed[at] = value;
      try {
        CapFile::parse(changed, "bad.ijc");
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cap);
      }
    }
  }
}

TEST(BadCap, ComponentsThatDoNotFit) {
  const std::vector<testing::ZipPart> good = parts_of("wallet-1.0.cap");
  EXPECT_EQ(refusal(testing::make_zip(good)), "");

  auto parts = good;
  part(parts, "Method.cap").content.push_back(0);
  expect_refused(parts, "component Method: its length");

  parts = good;
  part(parts, "Method.cap").content = from_hex("07000100");
  expect_refused(parts, "the Directory says 432");

  parts = good;
  part(parts, "Method.cap").name = "wallet/javacard/Other.cap";
  expect_refused(parts, "component Other");

  parts = good;
  part(parts, "Method.cap").name = "wallet/javacard/Method.txt";
  expect_refused(parts, "component Method is missing");

  parts = good;
  parts.push_back({.name = "wallet/javacard/Export.cap", .content = from_hex("0A000100")});
  expect_refused(parts, "not in the Directory");

  parts = good;
  part(parts, "Class.cap").name = "other/javacard/Class.cap";
  expect_refused(parts, "two folders");

  parts = good;
  parts.push_back({.name = "wallet/javacard/method.capx", .content = from_hex("0700")});
  expect_refused(parts, "there twice");  // as Method.cap and .capx

  parts = good;
  part(parts, "Header.cap").content[3] ^= 1;
  expect_refused(parts, "DECAFFED");

  parts = good;
  part(parts, "Applet.cap").content[4] = 200;
  expect_refused(parts, "Applet: an AID of 200 bytes");

  parts = good;
  part(parts, "Import.cap").content[3] = 9;
  expect_refused(parts, "Import");
}

}  // namespace
}  // namespace cw::gp
