// What the stories of budgets share: a card, and runs at the level below the script, each with budgets of its own over
// one ledger.
#pragma once

#include <functional>

#include "base/error.h"
#include "base/hex.h"
#include "engine/card_session.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::engine {

/// Of the generic card: its keys, others, and SCP02 keys of which only the MAC key is another.
inline const crypto::FileKeyStore& desk_keys() {
  static const crypto::FileKeyStore keys = [] {
    std::string text;
    const auto add = [&](const std::string& name, const std::string& type, const std::string& version,
                         const std::string& enc, const std::string& mac) {
      text.append("[").append(name).append("]\ntype = ").append(type).append("\nversion = ").append(version);
      text.append("\nenc = ").append(enc).append("\nmac = ").append(mac).append("\ndek = ").append(enc).append("\n");
    };
    const std::string factory = "404142434445464748494A4B4C4D4E4F";
    add("right", "aes", "30", factory, factory);
    add("right.any", "aes", "00", factory, factory);
    add("right.des", "des", "20", factory, factory);
    add("half.des", "des", "20", factory, "00112233445566778899AABBCCDDEEFF");
    add("own", "aes", "31", "101112131415161718191A1B1C1D1E1F", "101112131415161718191A1B1C1D1E1F");
    for (int i = 0; i < 10; ++i) {
      const std::string other = "A0A1A2A3A4A5A6A7A8A9AAABACADAE" + to_hex(static_cast<uint8_t>(i));
      add("wrong" + std::to_string(i), "aes", "30", other, other);
      add("wrong.des" + std::to_string(i), "des", "20", other, other);
      add("wrong.any" + std::to_string(i), "aes", "00", other, other);
    }
    return crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys");
  }();
  return keys;
}

/// What the host knows of a card of this flavor.
inline CardCounter counter_of(const se::AuthCounter& counter) {
  CardCounter out;
  out.every_attempt = counter.on == se::AuthCounter::On::initialize_update;
  out.set_back = counter.set_back;
  out.scope = static_cast<CardCounter::Scope>(counter.scope);
  out.limit = counter.limit;
  return out;
}

/// A reader on the way to a card, which a story can spoil.
class SpoiltReader : public card::Reader {
 public:
  explicit SpoiltReader(std::shared_ptr<se::Card> card) : inner_(std::move(card)) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    sent.push_back(to_hex(command));
    if (spoil) return spoil(command, [this](ByteView passed) { return inner_.transmit(passed); });
    return inner_.transmit(command);
  }
  int count(const std::string& ins) const {
    return static_cast<int>(
        std::count_if(sent.begin(), sent.end(), [&](const std::string& one) { return one.substr(2, 2) == ins; }));
  }

  using Pass = std::function<Bytes(ByteView)>;
  std::function<Bytes(ByteView command, const Pass& pass)> spoil{};
  std::vector<std::string> sent{};

 private:
  se::SimReader inner_;
};

inline host::Command command(const std::string& hex) { return host::command_of(card::Apdu::parse(from_hex(hex))); }

/// One run on a card.
class Desk {
 public:
  Desk(card::Reader& reader, std::shared_ptr<BudgetLedger> ledger, const CardCounter& counter = {},
       const PolicyLimits& limits = {})
      : budgets_(std::move(ledger), limits, counter),
        session_({&reader, {}, {}, custody_, gate_, budgets_, observer_, evidence_, key_watch_, {}}) {}

  void reset() { session_.perform(host::Reset{}); }
  void select(const std::string& aid, uint8_t channel = 0) {
    host::Exchange request;
    request.logical_channel = channel;
    request.plan = {command("00A40400" + to_hex(static_cast<uint8_t>(aid.size() / 2)) + aid + "00")};
    request.plan[0].cla = channel;
    session_.perform(request);
  }
  host::ChannelId open(const std::string& keys, uint8_t logical_channel = 0) {
    host::OpenChannel request;
    request.keys = keys;
    request.level = 0x01;
    request.logical_channel = logical_channel;
    if (keys.find("des") != std::string::npos) request.i = 0x55;
    return std::get<host::ChannelOpened>(session_.perform(request)).channel;
  }
  uint16_t send(host::ChannelId channel, host::Command what) {
    host::Exchange request;
    request.channel = channel;
    request.plan = {std::move(what)};
    return std::get<host::Answers>(session_.perform(request)).answers.at(0).sw;
  }
  /// Its kind and message, or "" if it opens.
  std::string refusal(const std::string& keys, uint8_t logical_channel = 0) {
    try {
      open(keys, logical_channel);
    } catch (const Error& error) {
      return std::string(name_of(error.kind())) + ": " + error.message();
    }
    return {};
  }
  const std::string& card() const { return budgets_.attempts.card(); }
  void card_is(const std::string& identity) { budgets_.card_is(identity); }

 private:
  std::map<std::string, Secret> secrets_{};
  Custody custody_{desk_keys(), secrets_};
  Gate gate_{std::make_shared<Policy>(), "test", {}, {}, {}};
  CardBudgets budgets_;
  Observer observer_;
  Evidence evidence_;
  KeyWatch key_watch_{};
  CardSession session_;
};

}  // namespace cw::engine
