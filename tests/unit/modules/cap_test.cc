#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "story.h"

namespace cw::modules::test {

// Expected values: tests/caps/README.md.

TEST(Cap, SaysWhatIsInIt) {
  EXPECT_EQ(Story().run("return cap.name .. ' ' .. hex.encode(cap.package_aid) .. ' ' .. cap.version .. ' ' .. "
                        "#cap.applets .. ' ' .. hex.encode(cap.applets[1]) .. ' ' .. tostring(cap.extended) .. ' ' .. "
                        "cap.size .. ' ' .. tostring(cap.nothing)"),
            "wallet-1.0.cap F0636172647701 1.0 1 F063617264770101 false 704 nil");
  EXPECT_EQ(Story()
                .run("for _, i in ipairs(cap.imports) do if i.aid == hex'A0000000620101' then return 'framework ' .. "
                     "i.version end end")
                .substr(0, 10),
            "framework ");
}

TEST(Cap, HashesTheLoadFileDataBlock) {
  EXPECT_EQ(Story().run("return hex.encode(cap:hash('sha256'))"),
            "01916820F4C3001C3E24B6B4A3BFFE2B1A740BFCF61BDE7183833856645D1347");
  EXPECT_EQ(Story().run("return #cap:hash('sha1') .. ' ' .. #cap:hash('sha384') .. ' ' .. #cap:hash('sha512')"),
            "20 48 64");
  EXPECT_EQ(Story().fail("cap:hash('md5')").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("cap:hash()").kind(), ErrorKind::usage);
}

TEST(Cap, IsCutIntoLoadBlocks) {
  Story story;
  story.reply(host::Answers{{{{}, 0x9000}}});
  EXPECT_EQ(story.run("local b = cap:blocks(239) local plan = {} for i, d in ipairs(b) do "
                      "plan[i] = apdu.command{ ins = 0xE8, p2 = i - 1, data = d } end card:send_all(plan) "
                      "return #b .. ' ' .. #b[1] .. ' ' .. #b[3]"),
            "3 239 230");  // C4 82 02C0 and 704 bytes
  Bytes whole;
  for (const host::Command& command : story.request<host::Exchange>(0).plan) {
    const auto& part = std::get<host::FilePart>(command.data.parts().at(0));
    EXPECT_EQ(part.file->sha256, crypto::digest(crypto::Hash::sha256, part.file->content));
    append(whole, ByteView(part.file->content).subspan(part.offset, part.size));
  }
  EXPECT_EQ(to_hex(ByteView(whole).first(4)), "C48202C0");
  EXPECT_EQ(to_hex(crypto::digest(crypto::Hash::sha256, ByteView(whole).subspan(4))),
            "01916820F4C3001C3E24B6B4A3BFFE2B1A740BFCF61BDE7183833856645D1347");
}

TEST(Cap, GoesOutWholeHoweverLarge) {
  Story story;
  story.limits.handles = 4096;
  story.reply(host::Answers{{{{}, 0x9000}}});
  const std::string file = "tests/caps/transit-2.1.cap";
  story.cap = file;
  EXPECT_EQ(story.run("local plan = {} for i, d in ipairs(cap:blocks(239)) do "
                      "plan[i] = apdu.command{ ins = 0xE8, p2 = (i - 1) % 256, data = d } end card:send_all(plan) "
                      "return #plan"),
            "128");
}

TEST(Cap, BringsDapBlocksAheadCutLikeTheRest) {
  Story story;
  story.outside.keys["acme.dap"] = {"ec", 64, 0, {}};
  story.reply(host::Answers{{{{}, 0x9000}}});
  story.run(
      "local plan = {} "
      "for i, d in ipairs(cap:blocks(50, cap:dap('acme.dap', hex'A000000151000000', 'sha256'))) do "
      "plan[i] = apdu.command{ ins = 0xE8, data = d } end card:send_all(plan)");
  const auto& plan = story.request<host::Exchange>(0).plan;
  // E2 4E { 4F 08 ..., C3 40 ... }: 78 bytes, then the file.
  const auto& first = std::get<host::DapPart>(plan[0].data.parts().at(0));
  EXPECT_EQ(first.key, "acme.dap");
  EXPECT_EQ(to_hex(first.domain), "A000000151000000");
  EXPECT_EQ(first.hash, 32);
  EXPECT_EQ(first.offset, 0u);
  EXPECT_EQ(first.size, 50u);
  const auto& second = std::get<host::DapPart>(plan[1].data.parts().at(0));
  EXPECT_EQ(second.offset, 50u);
  EXPECT_EQ(second.size, 28u);
  EXPECT_EQ(std::get<host::FilePart>(plan[1].data.parts().at(1)).size, 22u);
  for (const host::Command& command : plan) EXPECT_LE(command.data.size().value(), 50u);
  EXPECT_NE(host::canonical(plan[1]).find("<dap acme.dap A000000151000000 "), std::string::npos);
  EXPECT_EQ(story.fail("cap:dap('acme.dap', 'x', 'sha256')").kind(), ErrorKind::usage);
  EXPECT_EQ(story.fail("cap:dap('other', hex'A000000151000000', 'sha256')").kind(), ErrorKind::usage);
  EXPECT_EQ(story.fail("cap:dap('acme.dap', hex'A000000151000000', 'md5')").kind(), ErrorKind::usage);
  EXPECT_EQ(story.fail("cap:blocks(50, holder)").kind(), ErrorKind::usage);
}

TEST(Cap, IsParsedFromBytes) {
  const std::string file = to_hex(source_file("tests/caps/tools-1.2.cap"));
  EXPECT_EQ(Story().run("local c = cap_.parse(hex'" + file +
                        "', 'tools') return c.name .. ' ' .. #c.applets .. ' ' .. "
                        "c.version .. ' ' .. c.size .. ' ' .. tostring(c)"),
            "tools 0 1.2 248 tools F0636172647702");
}

TEST(Cap, RefusesWhatIsNone) {
  EXPECT_EQ(Story().fail("cap_.parse('PK not really')").kind(), ErrorKind::cap);
  EXPECT_EQ(Story().fail("cap_.parse(5)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("cap:blocks(0)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("cap:blocks(65536)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("cap.blocks(card, 239)").kind(), ErrorKind::usage);
}

}  // namespace cw::modules::test
