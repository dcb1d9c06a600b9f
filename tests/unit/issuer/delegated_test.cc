// Tokens and receipts against a card that verifies the ones and makes the others: an application is loaded and
// installed by the tenant's SSD, with the issuer's tokens, and the issuer learns of it.
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "gp/cap_file.h"
#include "gp/channel.h"
#include "gp/commands.h"
#include "gp/put_key.h"
#include "gp/tokens.h"
#include "issuer/card_talk.h"
#include "story.h"

namespace cw::issuer {
namespace {

constexpr uint8_t kTokenVersion = 0x70, kReceiptVersion = 0x71;

class Delegated : public testing::Test {
 protected:
  Delegated() : story({"generic", "0370", "isd.aes", "0370", R"(, "receipt_key": "issuer.receipt")"}) {
    open(from_hex("A000000151000000"), story.keys->find("isd.aes"));
    for (const auto& [version, name] :
         {std::pair{kTokenVersion, "issuer.token"}, {kReceiptVersion, "issuer.receipt"}}) {
      send(gp::put_key(*channel, 0, 1, version, {gp::SecretKeyItem{story.keys->find_key(name)}}));
    }
    EXPECT_TRUE(story.run("CREATE_SSD").good);
    open(from_hex(kSd), CardTalk(story.configuration.cards[0], *story.keys)
                            .domain_keys(kSeId, from_hex(kSd), *ScpConfig::parse("0370")));
  }

  void open(const Bytes& aid, const crypto::KeySet& keys) {
    const auto plain = [&](const card::Apdu& apdu) {
      return card::Response::parse(story.reader->transmit(apdu.encode()));
    };
    const Bytes challenge = crypto::random_bytes(8);
    EXPECT_EQ(plain(gp::select(aid)).sw, 0x9000);
    const auto answer =
        gp::InitializeUpdateAnswer::parse(plain(gp::initialize_update(keys.version, 0, challenge)).data, 8);
    channel = gp::Channel::open(keys, challenge, answer, 0x03, {.aid = aid});
    EXPECT_EQ(plain(channel->external_authenticate()).sw, 0x9000);
  }

  Bytes send(const card::Apdu& apdu) {
    const card::Response came = card::Response::parse(story.reader->transmit(channel->wrap(apdu).encode()));
    EXPECT_EQ(came.sw, 0x9000) << to_hex(apdu.ins) << " " << story.card->why();
    return came.data;
  }

  Bytes token(const Bytes& data) {
    const TokenRequest request{"acme", "CREATE_TOKEN", kSeId, {data}, {}};
    const Answer answer = story.desk->token(*story.configuration.tenant("acme"), request);
    EXPECT_EQ(answer.code, Code::normal) << answer.message;
    return answer.tokens ? from_hex(answer.tokens->front()) : Bytes();
  }

  Answer report(const std::vector<ReportedReceipt>& receipts, const std::string& tenant = "acme") {
    return story.desk->receipts(*story.configuration.tenant(tenant), {tenant, kSeId, receipts, {}});
  }

  /// The whole of it; each command's token data and the card's answer.
  std::vector<ReportedReceipt> install_wallet() {
    const auto cap = gp::CapFile::parse(read_file(std::string(CW_SOURCE_DIR) + "/tests/caps/wallet-1.0.cap"), "wallet");
    const Bytes hash = cap.hash(crypto::Hash::sha256), block = cap.load_file_data_block();
    const Bytes load_data = gp::load_token_input({cap.package_aid(), from_hex(kSd), hash, {}});
    send(gp::install_for_load({cap.package_aid(), from_hex(kSd), hash, {}, token(load_data)}));
    Bytes loaded;
    for (const card::Apdu& one : gp::load(concat({gp::CapFile::c4_header(block.size()), block}), 200))
      loaded = send(one);

    const Bytes instance = from_hex("F063617264770188");
    const Bytes install_data =
        gp::install_token_input({cap.package_aid(), cap.applets()[0], instance, {0x00}, {0xC9, 0x00}}, true);
    const Bytes installed = send(gp::install_for_install_and_make_selectable(
        {cap.package_aid(), cap.applets()[0], instance, {0x00}, {0xC9, 0x00}, token(install_data)}));

    const Bytes delete_data = gp::delete_token_input(card::tlv(0x4F, instance), false);
    const Bytes removed = send(gp::delete_object(instance, false, token(delete_data)));
    return {{load_data, loaded}, {install_data, installed}, {delete_data, removed}};
  }

  Story story;
  std::unique_ptr<gp::Channel> channel;
};

TEST_F(Delegated, a_card_takes_the_tokens_and_the_issuer_its_receipts) {
  const std::vector<ReportedReceipt> receipts = install_wallet();
  const Answer answer = report(receipts);
  ASSERT_EQ(answer.code, Code::normal) << answer.message;
  const State state = story.state();
  ASSERT_EQ(state.receipts.size(), 3u);
  for (uint16_t at = 0; at < 3; ++at) EXPECT_EQ(state.receipts[at].counter, at);
  EXPECT_EQ(report(receipts).code, Code::normal) << "the same ones again";
  story.restart();
  EXPECT_EQ(story.state().receipts.size(), 3u);
}

TEST_F(Delegated, an_ssd_with_content_is_not_deleted) {
  install_wallet();  // its load file stays
  const auto refused = story.run("DELETE_SSD");
  EXPECT_FALSE(refused.good);
  EXPECT_NE(refused.message.find("6985"), std::string::npos) << refused.message;
  EXPECT_NE(story.domain(), nullptr);
}

TEST_F(Delegated, a_receipt_of_another_command_key_or_counter_is_refused_and_none_with_it_is_kept) {
  const std::vector<ReportedReceipt> good = install_wallet();
  const auto refused = [&](const std::vector<ReportedReceipt>& all, const std::string& part) {
    const Answer answer = report(all);
    EXPECT_EQ(answer.code, Code::abnormal);
    EXPECT_NE(answer.message.find(part), std::string::npos) << answer.message;
    EXPECT_TRUE(story.state().receipts.empty());
  };
  refused({good[0], {good[0].data, good[1].answer}}, "entry 2");
  refused({good[0], {good[0].data, Bytes{0x00}}}, "made none");
  refused({{good[0].data, Bytes{0x05, 0x01}}}, "cut");
  for (size_t at = 0; at < good[1].answer.size(); ++at) {
    ReportedReceipt changed = good[1];
    changed.answer[at] ^= 0x01;
    refused({changed}, "receipt");
  }
  EXPECT_EQ(report(good, "other").code, Code::abnormal);
  ASSERT_EQ(report({good[1]}).code, Code::normal);
  story.desk->with_state([](State& state) { state.receipts[0].answer.back() ^= 0x01; });
  const Answer twice = report({good[1]});
  EXPECT_NE(twice.message.find("another receipt's"), std::string::npos) << twice.message;
}

}  // namespace
}  // namespace cw::issuer
