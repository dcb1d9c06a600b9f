#include <gtest/gtest.h>

#include "story.h"

namespace cw::modules::test {

TEST(Http, CallsABackend) {
  Story story;
  story.reply(host::HttpReply{201, {{"Content-Type", "text/plain"}, {"X-A", "1"}, {"x-a", "2"}}, "body"});
  EXPECT_EQ(story.run("local r = http.request{ method = 'POST', url = 'https://sei.example/v1/', body = 'b', "
                      "headers = { ['X-B'] = '2', Accept = 'a/b' } } "
                      "return r.status .. r.body .. r.headers['content-type'] .. r.headers['x-a']"),
            "201bodytext/plain1, 2");
  const auto& call = story.request<host::HttpCall>(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.url, "https://sei.example/v1/");
  EXPECT_EQ(call.body, "b");
  const std::vector<std::pair<std::string, std::string>> headers = {{"Accept", "a/b"}, {"X-B", "2"}};
  EXPECT_EQ(call.headers, headers);
}

TEST(Http, GetsByDefault) {
  Story story;
  story.reply(host::HttpReply{204, {}, ""});
  EXPECT_EQ(story.run("return http.request{ url = 'https://sei.example/' }.status"), "204");
  EXPECT_EQ(story.request<host::HttpCall>(0).method, "GET");
}

TEST(Http, RaisesWhatTheGateSays) {
  Story story;
  story.reply(Error(ErrorKind::policy, "no such backend"));
  EXPECT_EQ(story.fail("http.request{ url = 'https://other.example/' }").kind(), ErrorKind::policy);
}

TEST(Http, RefusesRequestsThatSmuggle) {
  for (const char* fields :
       {"{}", "{ url = '' }", "{ url = 'https://a b' }", "{ url = 'https://a\\r\\nX: y' }", "{ url = 5 }",
        "{ url = 'https://a', method = 'GET /' }", "{ url = 'https://a', method = '' }",
        "{ url = 'https://a', headers = { A = 'b\\r\\nC: d' } }", "{ url = 'https://a', headers = { ['A:'] = 'b' } }",
        "{ url = 'https://a', headers = { 'b' } }", "{ url = 'https://a', headers = { A = 5 } }",
        "{ url = 'https://a', headers = 'A: b' }", "{ url = 'https://a', headers = setmetatable({}, {}) }",
        "{ url = 'https://a', body = 5 }", "{ url = 'https://a', timeout = 5 }", "'https://a'"}) {
    Story story;
    EXPECT_EQ(story.fail(std::string("http.request(") + fields + ")").kind(), ErrorKind::usage) << fields;
    EXPECT_TRUE(story.outside.requests.empty()) << fields;
  }
}

TEST(Http, HandsAResultOverAndGetsNothingBack) {
  Story story;
  story.reply(host::HandedOver{});
  EXPECT_EQ(story.run("return select('#', http.deliver{ name = 'result', url = 'https://sei.example/v1/', body = 'b', "
                      "headers = { Accept = 'a/b' } })"),
            "0");
  const auto& parcel = story.request<host::Deliver>(0);
  EXPECT_EQ(parcel.name, "result");
  EXPECT_EQ(parcel.call.method, "POST");
  EXPECT_EQ(parcel.call.url, "https://sei.example/v1/");
  EXPECT_EQ(parcel.call.body, "b");
  EXPECT_EQ(parcel.call.headers.size(), 1u);
}

TEST(Http, RaisesWhatBecameOfAResult) {
  Story story;
  story.reply(Error(ErrorKind::http, "status 503"));
  EXPECT_EQ(story.fail("http.deliver{ name = 'result', url = 'https://sei.example/' }").kind(), ErrorKind::http);
}

TEST(Http, RefusesResultsThatAreNone) {
  for (const char* fields :
       {"{ url = 'https://a' }", "{ name = '', url = 'https://a' }", "{ name = 'a b', url = 'https://a' }",
        "{ name = 'a' }", "{ name = 'a', url = 'https://a b' }", "{ name = 'a', url = 'https://a', key = 'k' }",
        "{ name = ('a'):rep(65), url = 'https://a' }", "{ name = 5, url = 'https://a' }",
        "{ name = 'a', url = 'https://a', headers = { ['idempotency-KEY'] = '1' } }",
        "{ name = 'a', url = 'https://a', headers = { A = 'b\\r\\nC: d' } }"}) {
    Story story;
    EXPECT_EQ(story.fail(std::string("http.deliver(") + fields + ")").kind(), ErrorKind::usage) << fields;
    EXPECT_TRUE(story.outside.requests.empty()) << fields;
  }
}

}  // namespace cw::modules::test
