// The operators' page: what a browser gets, and what of a browser is taken.
#include "service/operator_page.h"

#include <gtest/gtest.h>

namespace cw::service {
namespace {

net::ServerRequest request(const std::string& method, const net::Headers& headers) {
  net::ServerRequest out;
  out.method = method;
  out.headers = headers;
  return out;
}

bool taken(bool here, const std::string& method, const net::Headers& headers) {
  return foreign(request(method, headers), here).empty();
}

TEST(OperatorPage, has_files_that_name_no_other_host_and_hold_no_script_in_their_text) {
  const auto page = page_answer("GET", "/?anything");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  for (const char* path : {"/", "/page.css", "/page.js", "/page.svg"}) {
    const auto file = page_answer("GET", path);
    ASSERT_TRUE(file) << path;
    EXPECT_FALSE(file->body.empty()) << path;
    EXPECT_EQ(file->body.find("https://"), std::string::npos) << path;
    for (const char* word :
         {"innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "style=\"", "onclick="}) {
      EXPECT_EQ(file->body.find(word), std::string::npos) << path << " " << word;
    }
  }
  EXPECT_NE(page->body.find("<script src=\"/page.js\" defer></script>"), std::string::npos);
}

TEST(OperatorPage, may_run_and_ask_for_nothing_but_its_own) {
  const auto page = page_answer("HEAD", "/");
  ASSERT_TRUE(page);
  const std::string* policy = net::find_header(page->headers, "Content-Security-Policy");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->find("default-src 'none'; script-src 'self'; "), 0U);
  EXPECT_EQ(policy->find("unsafe"), std::string::npos);
}

TEST(OperatorPage, is_only_read_and_hides_nothing_of_the_door) {
  EXPECT_EQ(page_answer("POST", "/")->status, 405);
  for (const char* path : {"", "/v1", "/page", "/page.html", "//", "/../page.css", "*"}) {
    EXPECT_FALSE(page_answer("GET", path)) << path;
  }
}

TEST(ForeignRequest, is_one_that_another_page_made_a_browser_send) {
  const std::string host = "tsm.example:8443";
  EXPECT_TRUE(taken(false, "POST", {{"Host", host}}));
  EXPECT_TRUE(taken(false, "POST", {{"Host", host}, {"Origin", "https://" + host}, {"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_TRUE(taken(false, "POST", {{"Host", host}, {"Sec-Fetch-Site", "none"}}));
  for (const char* origin : {"https://evil.example", "null", "http://tsm.example:8443", "https://tsm.example",
                             "https://tsm.example:84430", "https://a.tsm.example:8443"}) {
    EXPECT_FALSE(taken(false, "POST", {{"Host", host}, {"Origin", origin}})) << origin;
  }
  EXPECT_FALSE(taken(false, "POST", {{"Host", host}, {"Sec-Fetch-Site", "same-site"}}));
  EXPECT_FALSE(taken(false, "DELETE", {{"Host", host}, {"Sec-Fetch-Site", "cross-site"}}));
  // What is only read may take long; a link may lead to the page.
  net::ServerRequest link = request("GET", {{"Host", host}, {"Sec-Fetch-Site", "cross-site"}});
  for (const char* target : {"/", "/?x", "/page.css"}) {
    link.target = target;
    EXPECT_EQ(foreign(link, false), "") << target;
  }
  for (const char* target : {"/v1", "/v1/audit/state", ""}) {
    link.target = target;
    EXPECT_NE(foreign(link, false), "") << target;
  }
}

TEST(ForeignRequest, over_the_socket_is_one_for_another_host_too) {
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]"}) {
    EXPECT_TRUE(taken(true, "GET", {{"Host", host}})) << host;
    EXPECT_TRUE(taken(true, "POST", {{"Host", host}, {"Origin", "http://" + std::string(host)}})) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "[", "[::1"}) {
    EXPECT_FALSE(taken(true, "GET", {{"Host", host}})) << host;
  }
}

}  // namespace
}  // namespace cw::service
