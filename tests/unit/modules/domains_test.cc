// The module "domains": what a script may say of a domain, and nothing else.
#include <gtest/gtest.h>

#include "base/error.h"
#include "story.h"

namespace cw::modules::test {

TEST(Domains, AreKeptAndListed) {
  Story story;
  EXPECT_EQ(
      story.run("local d = require 'domains' d.put { aid = hex'F063617264770001', state = 'asked', se_id = '9F7F', "
                "issuer = 'https://x/', management = 'delegated', keys = 'acme.sd', version = 0x31 } "
                "local all = d.list() return #all .. hex.encode(all[1].aid) .. all[1].state .. all[1].version .. "
                "all[1].issuer .. tostring(all[1].told)"),
      "1F063617264770001asked49https://x/nil");
  ASSERT_EQ(story.outside.kept.size(), 1U);
  EXPECT_EQ(story.outside.kept[0].management, "delegated");
}

TEST(Domains, WhatIsNoneIsRefused) {
  const auto put = [](const std::string& fields) {
    Story story;
    const Error error = story.fail("require('domains').put { " + fields + " }");
    EXPECT_TRUE(story.outside.kept.empty()) << fields;
    EXPECT_EQ(error.kind(), ErrorKind::usage) << fields;
    return error.message();
  };
  EXPECT_NE(put("aid = 'four', state = 'present'").find("aid"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'odd'").find("expected one of asked, present"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00'").find("expected one of asked"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'present', told = 'DELETED'").find("told"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'present', se_id = '9f'").find("upper-case"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'present', issuer = 'a\\nb'").find("printable ASCII"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'present', management = 'all'").find("none, delegated"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'present', version = 128").find("version"), std::string::npos);
  EXPECT_NE(put("aid = 'AID00', state = 'present', keys = ('x'):rep(65)").find("keys"), std::string::npos);
}

TEST(Domains, AMetatableIsNoDomain) {
  Story story;
  EXPECT_EQ(
      story.fail("require('domains').put(setmetatable({}, { __index = function() return 'present' end }))").kind(),
      ErrorKind::usage);
}

}  // namespace cw::modules::test
