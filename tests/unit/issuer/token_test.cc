// Tokens: which data is read, who may have one for it, and that each is over its data.
#include <random>

#include "base/hex.h"
#include "crypto/signing_key.h"
#include "gp/tokens.h"
#include "issuer/token_data.h"
#include "story.h"

namespace cw::issuer {
namespace {

const Bytes kElf = from_hex("F06361727401"), kModule = from_hex("F0636172740101"), kApp = from_hex("F0636172740102");
const Bytes kOwnSd = from_hex(kSd), kForeign = from_hex("A0000000010101");
const Bytes kHash(20, 0xAB);
const Bytes kParameters = {0xC9, 0x00};

std::vector<Bytes> all_kinds() {
  return {gp::load_token_input({kElf, kOwnSd, kHash, {}}),
          gp::install_token_input({kElf, kModule, kApp, {0x00}, kParameters}, true),
          gp::install_token_input({kElf, kModule, kApp, {0x00}, kParameters}, false),
          gp::make_selectable_token_input(kApp, Bytes{0x00}, {}),
          gp::extradition_token_input(kOwnSd, kApp, {}),
          gp::registry_update_token_input(kOwnSd, kApp, {}, {}),
          gp::delete_token_input(concat({Bytes{0x4F, 0x07}, kApp}), false),
          gp::delete_token_input(concat({Bytes{0x4F, 0x06}, kElf}), true),
          gp::combined_token_input({kElf, {}, kHash, {}}, {kElf, kModule, kApp, {0x00}, kParameters})};
}

Answer ask(Story& story, const std::vector<Bytes>& data, const std::string& tenant = "acme") {
  nlohmann::json message = {{"tenantId", tenant}, {"opType", "CREATE_TOKEN"}, {"seId", kSeId}};
  for (const Bytes& one : data) message["rawData"].push_back(to_hex(one));
  return story.desk->token(*story.configuration.tenant(tenant), parse_token_request(message.dump()));
}

TEST(Tokens, each_entry_has_one_in_its_order) {
  Story story({});
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  const std::vector<Bytes> data = all_kinds();
  const Answer answer = ask(story, data);
  ASSERT_EQ(answer.code, Code::normal) << answer.message;
  EXPECT_EQ(answer.se_id, kSeId);
  ASSERT_EQ(answer.tokens->size(), data.size());
  const auto key = story.keys->find_signing_key("issuer.token");
  for (size_t at = 0; at < data.size(); ++at) EXPECT_TRUE(key->verify(data[at], from_hex((*answer.tokens)[at]))) << at;
}

/// Published: kaoh/globalplatform, globalplatformTest.c, the load token of test_GP211_calculate_load_token_rsa1024.
TEST(Tokens, data_that_another_host_made_is_read) {
  const TokenData load = parse_token_data(from_hex(
      "02003107D0D1D2D3D4D50106020202020202209C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A400"));
  EXPECT_EQ(load.kind, TokenKind::load);
  EXPECT_EQ(to_hex(load.load_file), "D0D1D2D3D4D501");
  EXPECT_EQ(to_hex(load.domain), "020202020202");
  EXPECT_EQ(load.hash.size(), 32u);
  const TokenData install =
      parse_token_data(from_hex("0C001F07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101010002C900"));
  EXPECT_EQ(install.kind, TokenKind::install);
  EXPECT_EQ(to_hex(install.application), "D0D1D2D3D4D50101");
}

TEST(Tokens, nobody_has_one_for_what_is_anothers) {
  Story story({});
  EXPECT_NE(ask(story, all_kinds()).message.find("no SSD with Delegated Management"), std::string::npos);
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  const std::pair<Bytes, std::string> refused[] = {
      {gp::load_token_input({kForeign, kOwnSd, kHash, {}}), "load file A0000000010101"},
      {gp::load_token_input({kElf, kForeign, kHash, {}}), "security domain A0000000010101"},
      {gp::install_token_input({kElf, kModule, kForeign, {0x00}, kParameters}, true), "AID A0000000010101"},
      {gp::install_token_input({kElf, kModule, kApp, {0x80}, kParameters}, true), "privileges 80"},
      {gp::install_token_input({kElf, kModule, kApp, {0x10}, kParameters}, true), "privileges 10"},
      {gp::extradition_token_input(kForeign, kApp, {}), "security domain A0000000010101"},
      {gp::delete_token_input(concat({Bytes{0x4F, 0x07}, kForeign}), false), "AID A0000000010101"},
      {gp::delete_token_input(concat({Bytes{0x4F, 0x08}, kOwnSd}), false), "ask for DELETE_SSD"},
  };
  for (const auto& [data, part] : refused) {
    const Answer answer = ask(story, {all_kinds()[0], data});
    EXPECT_EQ(answer.code, Code::abnormal);
    EXPECT_FALSE(answer.tokens) << "none of its neighbours has one either";
    EXPECT_NE(answer.message.find(part), std::string::npos) << answer.message;
    EXPECT_NE(answer.message.find("entry 2"), std::string::npos) << answer.message;
  }
  EXPECT_EQ(ask(story, all_kinds(), "other").code, Code::abnormal);
  ASSERT_TRUE(story.run("LOCK_SSD").good);
  EXPECT_EQ(ask(story, all_kinds()).code, Code::abnormal);
}

TEST(Tokens, what_is_cut_longer_or_otherwise_coded_is_not_read) {
  for (const Bytes& good : all_kinds()) {
    for (size_t size = 0; size < good.size(); ++size) {
      EXPECT_THROW(parse_token_data(ByteView(good).first(size)), Error) << to_hex(good) << " cut to " << size;
    }
    EXPECT_THROW(parse_token_data(concat({good, Bytes{0x00}})), Error);
    std::mt19937 random(1);
    for (int n = 0; n < 2000; ++n) {
      Bytes changed = good;
      changed[random() % changed.size()] = static_cast<uint8_t>(random());
      try {
        parse_token_data(changed);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
      }
    }
  }
  for (const char* wrong : {"0C00001F07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101010002C900",  // 00 in front
                            "0C01", "2000", "000107F0636172740102", "00000A4F8107F0636172740102"}) {
    EXPECT_THROW(parse_token_data(from_hex(wrong)), Error) << wrong;
  }
}

TEST(Tokens, a_wrong_one_comes_where_that_was_asked_for) {
  Story story({}, "", R"(, "faults": [{"fault": "wrong_token"}])");
  ASSERT_TRUE(story.run("CREATE_SSD").good);
  const std::vector<Bytes> data = {all_kinds()[0]};
  const auto key = story.keys->find_signing_key("issuer.token");
  EXPECT_FALSE(key->verify(data[0], from_hex(ask(story, data).tokens->front())));
  EXPECT_TRUE(key->verify(data[0], from_hex(ask(story, data).tokens->front())));
}

}  // namespace
}  // namespace cw::issuer
