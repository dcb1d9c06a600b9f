// A configuration is looked at in full before anything starts.
#include "service/config.h"

#include <gtest/gtest.h>

namespace cw::service {
namespace {

constexpr const char* kGood = R"({
  // Where runs, policies and the audit are.
  "store": { "where": "store.db", "node": "east" },
  "log": { "level": "warn", "format": "json" },
  "supervisor": { "heart_seconds": 3, "patience_seconds": 0 },
  "bundles": { "require_signed": ["signers.pem"] },
  "doors": {
    "operator": {
      "unix": "/run/cardwright/operator.sock",
      "https": { "listen": "[::1]:8443", "certificate": "server.pem", "key": "server.key", "authorities": ["ca.pem"] },
      "roles": { "CN=alice,O=Acme": "approver", "CN=eve": { "role": "operator", "owner": "acme" } } /* by subject */
    },
    "metrics": { "listen": "127.0.0.1:9999" }
  }
})";

std::vector<std::string> problems(std::string_view text) {
  return parse_configuration(text, "/etc/cardwright").problems;
}

TEST(Configuration, is_read_as_it_stands) {
  const ReadConfiguration read = parse_configuration(kGood, "/etc/cardwright");
  ASSERT_EQ(read.problems, std::vector<std::string>());
  const Configuration& it = read.configuration;
  EXPECT_EQ(it.store.where, "/etc/cardwright/store.db");
  EXPECT_EQ(it.store.node, "east");
  EXPECT_EQ(it.log.level, log::Level::warn);
  EXPECT_EQ(it.log.format, LogFormat::json);
  EXPECT_EQ(it.supervisor.heart.count(), 3);
  EXPECT_EQ(it.supervisor.patience.count(), 0);
  EXPECT_EQ(it.operators.unix_socket, "/run/cardwright/operator.sock");
  ASSERT_TRUE(it.operators.https);
  EXPECT_EQ(it.operators.https->tls.key, "/etc/cardwright/server.key");
  EXPECT_EQ(it.operators.https->tls.clients, net::ClientCertificates::demanded);
  EXPECT_EQ(it.operators.roles.at("CN=alice,O=Acme").role, Role::approver);
  EXPECT_EQ(it.operators.roles.at("CN=alice,O=Acme").owner, "");
  EXPECT_EQ(it.operators.roles.at("CN=eve").role, Role::operates);
  EXPECT_EQ(it.operators.roles.at("CN=eve").owner, "acme");
  EXPECT_EQ(it.metrics.listen, "127.0.0.1:9999");
  EXPECT_EQ(it.bundles.require_signed, std::vector<std::filesystem::path>{"/etc/cardwright/signers.pem"});
  EXPECT_EQ(problems(R"({"store":{"where":"s"},"bundles":{"require_signed":[]},"doors":{"operator":{"unix":"o"}}})"),
            std::vector<std::string>{"bundles.require_signed: is an empty list"});
}

TEST(Configuration, needs_a_store_and_a_door_and_nothing_else) {
  const ReadConfiguration read =
      parse_configuration(R"({"store":{"where":"s"},"doors":{"operator":{"unix":"o"}}})", "/x");
  EXPECT_EQ(read.problems, std::vector<std::string>());
  EXPECT_EQ(read.configuration.metrics.listen, "127.0.0.1:9464");
  EXPECT_EQ(problems("{}"),
            (std::vector<std::string>{"store: is missing",
                                      "doors: is missing; without a door nobody can reach the service"}));
}

TEST(Configuration, tells_all_that_is_wrong_at_once) {
  EXPECT_EQ(problems(R"({
    "store": { "where": 7, "kee": "x" },
    "logs": {},
    "supervisor": { "heart_seconds": 0, "patience_seconds": "long" },
    "log": { "level": "warm" },
    "doors": { "operator": { "https": { "listen": "", "authorities": [1] }, "roles": { "alice": "operator", "CN=b": "boss" } },
               "device": {} }
  })"),
            (std::vector<std::string>{
                "store.where: must be a string, and is a number",
                "store.kee: is not known here; did you mean 'key'?",
                "log.level: must be one of debug, info, warn, error; did you mean 'warn'?",
                "supervisor.heart_seconds: must be a whole number from 1 to 3600",
                "supervisor.patience_seconds: must be a whole number from 0 to 3600, and is a string",
                "doors.operator.https.listen: is empty; leave it out, or say what it is",
                "doors.operator.https.certificate: is missing",
                "doors.operator.https.key: is missing",
                "doors.operator.https.authorities: must be a list of strings, none of them empty",
                "doors.operator.roles.CN=b: must be one of viewer, operator, approver",
                "doors.operator.roles.alice: is no subject of a certificate; one is written as in CN=alice,O=Acme",
                "doors.device.https: is missing, and so is shared_key; a device needs one of them",
                "logs: is not known here; did you mean 'log'?",
            }));
}

TEST(Configuration, that_is_no_json_says_where) {
  EXPECT_EQ(problems("{\n  \"store\": {,\n}"), (std::vector<std::string>{"it is no JSON at line 2, column 13"}));
  EXPECT_EQ(problems("[]"), (std::vector<std::string>{"the whole of it must be a JSON object"}));
  EXPECT_EQ(problems(R"({"store":{},"store":{}})"),
            (std::vector<std::string>{"a name stands twice in one object: \"store\""}));
}

TEST(Configuration, of_a_role_for_an_owner_names_the_owner) {
  const auto of_role = [](const std::string& role) {
    return problems(R"({"store":{"where":"s.db"},"doors":{"operator":{"unix":"o","roles":{"CN=b":)" + role + "}}}}");
  };
  EXPECT_EQ(of_role(R"({"role":"viewer","owner":"acme"})"), std::vector<std::string>());
  EXPECT_EQ(of_role(R"({"role":"viewer"})").size(), 1U) << "it would be the operator's";
  EXPECT_EQ(of_role(R"({"role":"viewer","owner":""})").size(), 1U) << "as well";
  EXPECT_EQ(of_role(R"({"role":"boss","owner":"acme"})").size(), 1U);
  EXPECT_EQ(of_role(R"({"role":"viewer","owner":"acme","also":"zenith"})").size(), 1U);
  EXPECT_EQ(of_role("7").size(), 1U);
}

TEST(Configuration, of_a_store_on_a_server_needs_its_key) {
  EXPECT_EQ(problems(R"({"store":{"where":"postgres://db/cards"},"doors":{"operator":{"unix":"o"}}})"),
            (std::vector<std::string>{
                "store.key: is missing; a store on a server needs a key file, the same one on every node"}));
}

TEST(Configuration, that_changed_is_taken_over_as_far_as_a_service_that_runs_can) {
  Configuration now = parse_configuration(kGood, "/a").configuration;
  Configuration next = now;
  next.log.level = log::Level::debug;
  next.operators.roles["CN=bob"].role = Role::viewer;
  next.operators.https->tls.key = "/a/new.key";
  EXPECT_EQ(needs_restart(now, next), std::vector<std::string>());
  next.metrics.listen = "127.0.0.1:1";
  EXPECT_EQ(needs_restart(now, next),
            (std::vector<std::string>{"doors.metrics.listen is another; it counts from the next start on"}));
  take_live(now, next);
  EXPECT_EQ(now.log.level, log::Level::debug);
  EXPECT_EQ(now.operators.roles.count("CN=bob"), 1u);
  EXPECT_EQ(now.operators.https->tls.key, "/a/new.key");
  EXPECT_EQ(now.metrics.listen, "127.0.0.1:9999");
}

constexpr const char* kIssuers = R"({
  "store": { "where": "s" },
  "doors": {
    "operator": { "unix": "o" },
    "issuer": {
      "https": { "listen": ":8444", "certificate": "c", "key": "k", "authorities": ["a"] },
      "keys": "keys.sealed", "state_path": "/told", "result_code": "number",
      "senders": {
        "acme": { "subject": "CN=sei", "url": "https://sei/", "owner": "transit", "kek": "acme.kek", "wrap": "des-ecb" },
        "maker": { "subject": "CN=maker", "is": "maker" }
      }
    }
  }
})";

TEST(Configuration, says_which_issuers_may_tell_what) {
  const ReadConfiguration read = parse_configuration(kIssuers, "/etc/cardwright");
  ASSERT_EQ(read.problems, std::vector<std::string>());
  const IssuerDoorConfig& it = *read.configuration.issuers;
  EXPECT_EQ(it.keys, "/etc/cardwright/keys.sealed");
  EXPECT_EQ(it.keys_path, "/sp/v1/keys");
  EXPECT_EQ(it.state_path, "/told");
  EXPECT_TRUE(it.number_codes);
  EXPECT_TRUE(it.wants_keys());
  ASSERT_EQ(it.senders.size(), 2U);
  EXPECT_EQ(it.senders[0].owner, "transit");
  EXPECT_EQ(it.senders[0].wrap, crypto::WrapForm::des_ecb);
  EXPECT_TRUE(it.senders[1].maker);
  Configuration now = read.configuration, next = read.configuration;
  next.issuers->senders.pop_back();
  next.issuers->keys_path = "/other";
  EXPECT_EQ(needs_restart(now, next),
            std::vector<std::string>{"doors.issuer.keys_path is another; it counts from the next start on"});
  take_live(now, next);
  EXPECT_EQ(now.issuers->senders.size(), 1U);
  EXPECT_EQ(now.issuers->keys_path, "/sp/v1/keys");
}

TEST(Configuration, names_what_is_wrong_with_an_issuers_door) {
  const auto wrong = [](const std::string& from, const std::string& to) {
    std::string text = kIssuers;
    text.replace(text.find(from), from.size(), to);
    return problems(text).at(0);
  };
  EXPECT_EQ(wrong("\"https://sei/\"", "\"https://sei\""),
            "doors.issuer.senders.acme.url: must end in '/', as flows name it");
  EXPECT_EQ(wrong("\"/told\"", "\"told\""), "doors.issuer.state_path: must begin with '/'");
  EXPECT_EQ(wrong("\"/told\"", "\"/sp/v1/keys\""), "doors.issuer.state_path: is the same as keys_path");
  EXPECT_EQ(wrong("CN=sei", "sei"),
            "doors.issuer.senders.acme.subject: is no subject of a certificate; one is written as in CN=sei,O=Acme");
  EXPECT_NE(wrong("des-ecb", "des").find("must be one of aes-key-wrap, aes-cbc, des-ecb"), std::string::npos);
  EXPECT_NE(wrong("\"is\": \"maker\"", "\"is\": \"maker\", \"kek\": \"k\"").find("kek"), std::string::npos);
}

}  // namespace
}  // namespace cw::service
