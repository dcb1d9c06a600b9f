// Keys and states pushed to a tenant over HTTP: what it can make of them, and how often it is told.
#include <mutex>

#include "base/files.h"
#include "base/hex.h"
#include "crypto/key_wrap.h"
#include "crypto/signing_key.h"
#include "net/http_server.h"
#include "story.h"

namespace cw::issuer {
namespace {

/// A tenant's server: keeps what comes, and answers what it is told to.
class Tenants {
 public:
  Tenants() {
    net::ServerSetup setup;
    setup.listen = "127.0.0.1:0";
    setup.handler = [this](net::ServerRequest request, net::Reply reply) {
      const std::lock_guard lock(mutex_);
      got.push_back({request.target, nlohmann::json::parse(request.body)});
      const std::string answer = answers.empty() ? R"({"resultCode":"0000"})" : answers.front();
      if (!answers.empty()) answers.erase(answers.begin());
      reply.send({200, {}, answer});
    };
    server_ = std::make_unique<net::HttpServer>(setup);
  }
  std::string url() const { return "http://" + server_->address(); }

  std::vector<std::pair<std::string, nlohmann::json>> got{};
  std::vector<std::string> answers{};

 private:
  std::mutex mutex_;
  std::unique_ptr<net::HttpServer> server_;
};

struct Pushing : Story {
  explicit Pushing(Tenants& tenants, const Product& wanted = {}, const std::string& more = "")
      : Story(wanted, tenants.url(), more), pusher(configuration, *keys, *desk, *faults, [this] { return now; }) {}
  Pusher pusher;
};

crypto::KeySet received(const Story& story, const nlohmann::json& message, crypto::KeyType type) {
  crypto::KeySet out;
  out.version = from_hex(message.at("keyVersion").get<std::string>())[0];
  const auto kek = story.keys->find_key(message.at("kekId").get<std::string>());
  std::shared_ptr<const crypto::Key>* places[] = {&out.enc, &out.mac, &out.dek};
  for (size_t at = 0; at < 3; ++at) {
    *places[at] = crypto::unwrap_key(*kek, crypto::WrapForm::aes_key_wrap,
                                     {type, 16, from_hex(message.at("checkValue")[at].get<std::string>())},
                                     from_hex(message.at("encryptedKey")[at].get<std::string>()));
  }
  return out;
}

TEST(Pushes, the_tenant_opens_its_ssd_with_the_keys_that_it_was_sent) {
  for (const Product& product : {Product{}, Product{"generic", "0255", "isd.des", "0255", ""}}) {
    Tenants tenants;
    Pushing story(tenants, product);
    ASSERT_TRUE(story.run("CREATE_SSD").good);
    EXPECT_FALSE(story.domain()->confirmed);
    story.pusher.push_due();
    ASSERT_EQ(tenants.got.size(), 1u);
    const auto& [path, message] = tenants.got[0];
    EXPECT_EQ(path, "/sp/v1/keys");
    EXPECT_EQ(message.at("seiTsmId"), "issuer.example");
    EXPECT_EQ(message.at("SsdAid"), kSd);
    const bool des = product.scp == "0255";
    EXPECT_EQ(message.at("Alg"), des ? "3DES" : "AES");
    EXPECT_EQ(message.at("Usage"), des ? "SCP02" : "SCP03");
    const auto keys = received(story, message, des ? crypto::KeyType::des : crypto::KeyType::aes);
    EXPECT_EQ(look_with(story, keys).life_cycle, "0F");
    EXPECT_TRUE(story.domain()->confirmed);
    EXPECT_TRUE(story.state().pushes.empty());
  }
}

TEST(Pushes, are_repeated_until_they_are_taken_also_by_a_process_that_comes_later) {
  Tenants tenants;
  tenants.answers = {R"({"resultCode":9999,"resultMessage":"not now"})", "nonsense", R"({"resultCode":0})"};
  Pushing story(tenants);
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  EXPECT_EQ(story.pusher.push_due(), 10);
  EXPECT_EQ(story.state().pushes.at(0).last_error, "it was not taken: not now");
  story.pusher.push_due();
  EXPECT_EQ(tenants.got.size(), 1u) << "not before its time";
  story.restart();
  Pusher later(story.configuration, *story.keys, *story.desk, *story.faults, [&] { return story.now; });
  for (int n = 0; n < 3; ++n) {
    story.now += 1000;
    later.push_due();
  }
  EXPECT_EQ(tenants.got.size(), 3u);
  EXPECT_TRUE(story.state().pushes.empty());
  EXPECT_NE(tenants.got[0].second.at("nonce"), tenants.got[1].second.at("nonce"));
  EXPECT_EQ(tenants.got[0].second.at("encryptedKey"), tenants.got[2].second.at("encryptedKey"));
}

TEST(Pushes, a_receipt_that_is_missing_or_wrong_is_not_taken) {
  Tenants tenants;
  Pushing story(tenants);
  const_cast<Tenant*>(story.configuration.tenant("acme"))->receipt_key = "acme.receipt";
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  tenants.answers = {R"({"resultCode":"0000"})", R"({"resultCode":"0000","receipt":["00"]})"};
  for (int n = 0; n < 2; ++n) {
    story.pusher.push_due();
    story.now += 10'000;
  }
  EXPECT_NE(story.state().pushes.at(0).last_error.find("receipt is wrong"), std::string::npos);
  Bytes data = from_hex(kSd);
  for (const auto& kcv : tenants.got[0].second.at("checkValue")) append(data, from_hex(kcv.get<std::string>()));
  const Bytes receipt = story.keys->find_signing_key("acme.receipt")->sign(data);
  tenants.answers = {R"({"resultCode":"0000","receipt":[")" + to_hex(receipt) + R"("]})"};
  story.pusher.push_due();
  EXPECT_TRUE(story.state().pushes.empty());
}

TEST(Pushes, are_signed_where_that_is_agreed) {
  Tenants tenants;
  Pushing story(tenants);
  const_cast<Tenant*>(story.configuration.tenant("acme"))->message_key = "acme.messages";
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.pusher.push_due();
  const nlohmann::json& message = tenants.got.at(0).second;
  std::string elements;
  for (const char* name : {"seiTsmId", "SsdAid", "encryptedKey", "Alg", "Usage", "checkValue", "tenantId", "seId",
                           "keyVersion", "kekId", "timestamp", "nonce"}) {
    const nlohmann::json& value = message.at(name);
    if (value.is_string()) elements += value.get<std::string>() + "\n";
    if (value.is_array()) {
      for (const auto& one : value) elements += one.get<std::string>() + "\n";
    }
  }
  EXPECT_TRUE(story.keys->find_signing_key("acme.messages")
                  ->verify(view(elements), from_hex(message.at("sign").get<std::string>())));
}

TEST(Pushes, the_tenant_is_told_that_its_ssd_is_gone_and_no_longer_of_its_keys) {
  Tenants tenants;
  Pushing story(tenants);
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.desk->push_status(kSeId, from_hex(kSd), "RESETED");
  story.pusher.push_due();
  ASSERT_EQ(tenants.got.size(), 1u);
  EXPECT_EQ(tenants.got[0].first, "/sp/v1/ssd-status");
  EXPECT_EQ(tenants.got[0].second.at("ssidAid"), kSd);
  EXPECT_EQ(tenants.got[0].second.at("status"), "RESETED");
  EXPECT_EQ(story.domain(), nullptr);
  EXPECT_THROW(story.desk->push_status(kSeId, from_hex(kSd), "RESETED"), Error);
}

TEST(Pushes, keys_are_sent_again_to_the_tenant_that_asks) {
  Tenants tenants;
  Pushing story(tenants);
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.pusher.push_due();
  const auto ask = [&](const std::string& tenant) {
    return story.desk->keys(
        *story.configuration.tenant(tenant),
        parse_keys_request(R"({"tenantId":")" + tenant + R"(","seId":")" + kSeId + R"(","sdAid":")" + kSd + R"("})"));
  };
  EXPECT_EQ(ask("other").code, Code::abnormal);
  EXPECT_EQ(ask("acme").code, Code::normal);
  story.pusher.push_due();
  EXPECT_EQ(tenants.got.size(), 2u);
}

TEST(Pushes, a_wrong_check_value_comes_where_that_was_asked_for) {
  Tenants tenants;
  Pushing story(tenants, {}, R"(, "faults": [{"fault": "wrong_kcv", "call": "keys"}])");
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.pusher.push_due();
  EXPECT_THROW(received(story, tenants.got.at(0).second, crypto::KeyType::aes), Error);
}

TEST(Pushes, no_key_is_in_the_state) {
  Tenants tenants;
  tenants.answers = {R"({"resultCode":"9999"})"};
  Pushing story(tenants);
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  story.pusher.push_due();
  const std::string text = to_string(read_file(story.folder / "state.json"));
  for (const char* key :
       {"404142434445464748494A4B4C4D4E4F", "909192939495969798999A9B9C9D9E9F", "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"}) {
    EXPECT_EQ(text.find(key), std::string::npos);
  }
}

}  // namespace
}  // namespace cw::issuer
