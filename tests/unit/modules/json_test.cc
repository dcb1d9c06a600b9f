#include <gtest/gtest.h>

#include "story.h"

namespace cw::modules::test {

TEST(Json, EncodesWithSortedKeys) {
  EXPECT_EQ(Story().run("return json.encode{ b = 1, a = { true, false, 'x' }, c = {}, d = json.null, e = 1.5 }"),
            R"({"a":[true,false,"x"],"b":1,"c":{},"d":null,"e":1.5})");
  EXPECT_EQ(Story().run("return json.encode(nil) .. json.encode('a\\n\"') .. json.encode(-0.25)"),
            R"(null"a\n\""-0.25)");
}

TEST(Json, KeepsWholeNumbersExact) {
  EXPECT_EQ(Story().run("return json.encode{ 9007199254740992, -9007199254740992, 0, 1e15 }"),
            "[9007199254740992,-9007199254740992,0,1000000000000000]");
  EXPECT_EQ(Story().run("return string.format('%.0f', json.decode('9007199254740992'))"), "9007199254740992");
  for (const char* text : {"9007199254740993", "18446744073709551616", "-1e300", "123456789012345678901234567890"}) {
    EXPECT_EQ(Story().fail(std::string("json.decode('") + text + "')").kind(), ErrorKind::usage) << text;
  }
}

TEST(Json, TellsArraysFromObjects) {
  EXPECT_EQ(Story().run("return json.encode{ json.array{}, {} }"), "[[],{}]");
  EXPECT_EQ(Story().run("return json.encode(json.decode('{\"a\":[],\"b\":{}}'))"), R"({"a":[],"b":{}})");
  EXPECT_EQ(Story().run("return getmetatable(json.decode('[]'))"), "nil");
  EXPECT_EQ(Story().fail("json.encode(json.array{ a = 1 })").kind(), ErrorKind::usage);
}

TEST(Json, DecodesValues) {
  EXPECT_EQ(Story().run(R"(local v = json.decode([[ {"a":[1,"\u00e9",null,true],"b":-2.5} ]])
                           return v.a[1] .. v.a[2] .. tostring(v.a[3] == json.null) .. tostring(v.a[4]) .. v.b)"),
            "1\xC3\xA9truetrue-2.5");
}

TEST(Json, RefusesWhatHasNoForm) {
  for (const char* value :
       {"function() end", "card", "0/0", "1/0", "-1/0", "{ 1, 2, a = 3 }", "{ [1] = 1, [3] = 3 }", "{ [true] = 1 }",
        "{ [1.5] = 1 }", "setmetatable({}, {})", "'\\255'", "{ ['\\255'] = 1 }", "1e18"}) {
    const std::string body = std::string("return json.encode(") + value + ")";
    EXPECT_EQ(Story().fail(body).kind(), ErrorKind::usage) << value;
  }
}

TEST(Json, NamesThePlaceOfTheTrouble) {
  EXPECT_EQ(Story().fail("json.encode{ b = { {}, { c = card } }, a = 1 }").message(),
            "json.encode: value.b[2].c: a userdata has no JSON form");
}

TEST(Json, GivesTheSameErrorWhateverTheOrderOfKeys) {
  EXPECT_EQ(Story().fail("json.encode{ b = card, a = card, z = card }").message(),
            "json.encode: value.a: a userdata has no JSON form");
}

TEST(Json, IsBounded) {
  EXPECT_EQ(Story().fail("local t = {} t.t = t return json.encode(t)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().run("local t = 1 for i = 1, 64 do t = { t } end return #json.encode(t)"), "129");
  EXPECT_EQ(Story().fail("local t = 1 for i = 1, 65 do t = { t } end return json.encode(t)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("local t = { 1 } for i = 1, 60 do t = { t, t } end return json.encode(t)").kind(),
            ErrorKind::usage);
  EXPECT_EQ(Story().run("return type(json.decode(('['):rep(64) .. (']'):rep(64)))"), "table");
  EXPECT_EQ(Story().fail("json.decode(('['):rep(65) .. (']'):rep(65))").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("json.decode(('['):rep(100000))").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("json.decode('[' .. ('1,'):rep(200000) .. '1]')").kind(), ErrorKind::usage);
}

TEST(Json, RefusesBadTextWithThePlace) {
  const Error error = Story().fail("json.decode('{\"a\": nope}')");
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_NE(error.message().find("line 1, column"), std::string::npos) << error.message();
  for (const char* text : {"", "[1,]", "{\"a\":1", "nul", "[1] x", "\"\\255\"", "01"}) {
    EXPECT_EQ(Story().fail(std::string("json.decode('") + text + "')").kind(), ErrorKind::usage) << text;
  }
  EXPECT_EQ(Story().fail("json.decode(5)").kind(), ErrorKind::usage);
}

}  // namespace cw::modules::test
