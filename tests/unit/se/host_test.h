// The host in the tests of the card: opens channels with gp's side of the protocol and sends plain commands through
// them. The two sides share no protocol code, so each checks the other.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/hex.h"
#include "card/apdu.h"
#include "gp/channel.h"
#include "se/card.h"

namespace cw::se {

inline const char* const kTestKey = "404142434445464748494A4B4C4D4E4F";
inline const char* const kSsd = "F063617264770001";
inline const char* const kWallet = "F0636172647701";
inline const char* const kWalletApplet = "F063617264770101";

inline crypto::KeySet key_set(uint8_t version, crypto::KeyType type, const std::string& enc, const std::string& mac,
                              const std::string& dek) {
  const auto key = [&](const std::string& text) { return crypto::make_key(type, Secret::take(from_hex(text))); };
  return {"test", version, key(enc), key(mac), key(dek), ""};
}
inline crypto::KeySet test_keys(uint8_t version, crypto::KeyType type) {
  return key_set(version, type, kTestKey, kTestKey, kTestKey);
}
inline crypto::KeySet scp03_keys() { return test_keys(0x30, crypto::KeyType::aes); }
inline crypto::KeySet scp02_keys() { return test_keys(0x20, crypto::KeyType::des); }

inline std::string lv(const std::string& hex_text) {
  return to_hex(static_cast<uint8_t>(hex_text.size() / 2)) + hex_text;
}

/// A host at one logical channel of a card.
class Host {
 public:
  explicit Host(Card& card, unsigned channel = 0) : card_(card), logical_(channel) {}

  /// A raw command in hex; response in hex.
  std::string raw(const std::string& command) { return to_hex(card_.process(from_hex(command))); }

  std::string select(const std::string& aid) {
    channel_.reset();
    aid_ = from_hex(aid);
    card::Apdu command{0x00, 0xA4, 0x04, 0x00, aid_, 256, false};
    command.cla = card::with_channel(command.cla, logical_);
    const card::Response response = card::Response::parse(card_.process(command.encode()));
    if (aid_.empty()) aid_ = card_.flavor().isd_aid;
    return to_hex16(response.sw);
  }

  /// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE; the status word of the last one sent.
  std::string open(const crypto::KeySet& keys, uint8_t level, gp::ChannelOptions options = {}, size_t challenge = 8) {
    const Bytes host_challenge(challenge, 0x5A);
    card::Apdu initialize = gp::initialize_update(keys.version, 0, host_challenge);
    initialize.cla = card::with_channel(initialize.cla, logical_);
    const card::Response answer = card::Response::parse(card_.process(initialize.encode()));
    if (!answer.ok()) return to_hex16(answer.sw);
    if (options.aid.empty()) options.aid = aid_.empty() ? card_.flavor().isd_aid : aid_;
    channel_ = gp::Channel::open(keys, host_challenge, gp::InitializeUpdateAnswer::parse(answer.data, challenge), level,
                                 options);
    card::Apdu authenticate = channel_->external_authenticate();
    authenticate.cla = card::with_channel(authenticate.cla, logical_);
    const card::Response done = card::Response::parse(card_.process(authenticate.encode()));
    if (!done.ok()) channel_.reset();
    return to_hex16(done.sw);
  }

  /// SELECTs the domain and opens a channel. "9000" if all went well.
  std::string enter(const std::string& aid, const crypto::KeySet& keys, uint8_t level = 0x03) {
    const std::string selected = select(aid);
    return selected == "9000" ? open(keys, level) : selected;
  }

  /// Header in hex (4 bytes), data in hex; through the channel if one is open. The plain response in hex.
  std::string send(const std::string& header, const std::string& data = "") {
    const Bytes head = from_hex(header);
    card::Apdu command{head[0], head[1], head[2], head[3], from_hex(data), 256, false};
    command.cla = card::with_channel(command.cla, logical_);
    if (channel_) command = channel_->wrap(command);
    card::Response response = card::Response::parse(card_.process(command.encode()));
    if (channel_) response = channel_->unwrap(response);
    return to_hex(response.encode());
  }

  /// INSTALL [for load], LOADs of `block` bytes, `parameters` as in INSTALL. The last status word.
  std::string load(const std::string& package, const std::string& domain, ByteView code, const std::string& hash = "",
                   size_t block = 200) {
    std::string status = send("80E60200", lv(package) + lv(domain) + lv(hash) + "00" + "00");
    if (!status.ends_with("9000")) return status;
    Bytes file = {0xC4, 0x82};
    append_be(file, code.size(), 2);
    append(file, code);
    uint8_t number = 0;
    for (size_t at = 0; at < file.size(); at += block) {
      const bool last = at + block >= file.size();
      const ByteView part = ByteView(file).subspan(at, std::min(block, file.size() - at));
      status = send(std::string("80E8") + (last ? "80" : "00") + to_hex(number++), to_hex(part));
      if (!status.ends_with("9000")) return status;
    }
    return status;
  }

  std::string install(const std::string& package, const std::string& module, const std::string& instance,
                      const std::string& privileges = "00", const std::string& parameters = "C900") {
    return send("80E60C00", lv(package) + lv(module) + lv(instance) + lv(privileges) + lv(parameters) + "00");
  }
  std::string create_domain(const std::string& aid, const std::string& privileges = "804000",
                            const std::string& parameters = "C900") {
    return install("A0000001515350", "A000000151535041", aid, privileges, parameters);
  }
  std::string put_aes_keys(uint8_t version, const std::string& key, const std::string& p1 = "00") {
    const auto aes = crypto::make_key(crypto::KeyType::aes, Secret::take(from_hex(key)));
    const size_t size = key.size() / 2;
    const Bytes encrypted = channel_->encrypt_key(*aes);
    const std::string one = "88" + to_hex(static_cast<uint8_t>(encrypted.size() + 1)) +
                            to_hex(static_cast<uint8_t>(size)) + to_hex(encrypted) + "03" + to_hex(aes->kcv());
    return send("80D8" + p1 + "81", to_hex(version) + one + one + one);
  }
  std::string remove(const std::string& aid, const std::string& p2 = "00") {
    return send("80E400" + p2, "4F" + lv(aid));
  }

  gp::Channel& channel() { return *channel_; }
  Card& card() { return card_; }

 private:
  Card& card_;
  unsigned logical_;
  Bytes aid_{};
  std::unique_ptr<gp::Channel> channel_{};
};

/// A small load file data block: Header, Directory left out, Applet with these modules, Import of `imports`.
inline Bytes small_package(const std::string& aid, const std::vector<std::string>& modules,
                           const std::vector<std::string>& imports = {}, size_t filler = 0) {
  const auto component = [](uint8_t tag, const Bytes& content) {
    Bytes out = {tag};
    append_be(out, content.size(), 2);
    append(out, content);
    return out;
  };
  const Bytes header = from_hex(
      "DECAFFED"
      "010200"
      "0001" +
      lv(aid));
  Bytes code = component(1, header);
  if (!modules.empty()) {
    std::string applets = to_hex(static_cast<uint8_t>(modules.size()));
    for (const std::string& module : modules) applets += lv(module) + "0000";
    append(code, component(3, from_hex(applets)));
  }
  std::string imported = to_hex(static_cast<uint8_t>(imports.size()));
  for (const std::string& import : imports) imported += "0001" + lv(import);
  append(code, component(4, from_hex(imported)));
  append(code, component(7, Bytes(filler, 0xEE)));
  return code;
}

}  // namespace cw::se
