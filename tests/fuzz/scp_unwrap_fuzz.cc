// A secure channel against a card that answers anything: answers to INITIALIZE UPDATE, then answers to wrapped
// commands, of SCP01, SCP02 and SCP03 at every level. The card's side is the specification written out for the unit
// tests; with it every answer is made genuine, made up, or genuine and then changed. With R-MAC, what is accepted was
// genuine.
//
// Input: protocol and level, i, a challenge or a whole answer to INITIALIZE UPDATE; then for each command how it is
// answered, status word, length, data.
#include <algorithm>
#include <cstdlib>
#include <variant>

#include "../unit/gp/scp_reference.h"
#include "base/error.h"
#include "gp/channel.h"

using namespace cw;
using gp::Channel;
using gp::InitializeUpdateAnswer;
using gp::Scp;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  uint8_t byte() {
    const Bytes one = bytes(1);
    return one.empty() ? 0 : one[0];
  }
  Bytes bytes(size_t count) {
    const ByteView front = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(front.size());
    return to_bytes(front);
  }

 private:
  ByteView rest_;
};

const Bytes kEnc(16, 0x41), kMac(16, 0x52), kDek(16, 0x63);

crypto::KeySet keys_for(Scp scp) {
  const auto type = scp == Scp::scp03 ? crypto::KeyType::aes : crypto::KeyType::des;
  const auto key = [&](const Bytes& bytes) { return crypto::make_key(type, Secret::copy(bytes)); };
  return {.name = "fuzz", .enc = key(kEnc), .mac = key(kMac), .dek = key(kDek)};
}

/// The card's side of one session: its cryptogram, that of the host, and how it protects answers.
struct Card {
  std::variant<reference::Scp03, reference::DesSession> session{};
  Bytes cryptogram{};
  Bytes host_cryptogram{};

  Bytes wrap(const card::Apdu& command, bool authenticate) {
    if (auto* aes = std::get_if<reference::Scp03>(&session)) return aes->wrap(command, authenticate);
    return std::get<reference::DesSession>(session).wrap(command, authenticate);
  }
  Bytes answer(const Bytes& data, uint16_t sw) {
    if (auto* aes = std::get_if<reference::Scp03>(&session)) return aes->wrap_response(data, sw);
    return std::get<reference::DesSession>(session).wrap_response(data, sw);
  }
};

Card scp03_card(const Bytes& host, const InitializeUpdateAnswer& said, uint8_t level) {
  const Bytes context = concat({host, said.card_challenge});
  const auto derive = [&](const Bytes& key, uint8_t constant) {
    return reference::scp03_kdf(key, constant, context, 128);
  };
  reference::Scp03 session{.s_enc = derive(kEnc, 0x04), .s_mac = derive(kMac, 0x06), .s_rmac = derive(kMac, 0x07)};
  session.mac_size = said.s16 ? 16 : 8;
  session.level = level;
  return {session, reference::scp03_kdf(session.s_mac, 0x00, context, session.mac_size * 8),
          reference::scp03_kdf(session.s_mac, 0x01, context, session.mac_size * 8)};
}

Card des_card(const Bytes& host, const InitializeUpdateAnswer& said, uint8_t level, uint8_t i) {
  const Bytes& theirs = said.card_challenge;
  reference::DesSession session{.scp = static_cast<int>(said.scp), .level = level, .icv_encryption = (i & 0x10) != 0};
  if (said.scp == Scp::scp01) {
    const Bytes data =
        concat({ByteView(theirs).last(4), ByteView(host).first(4), ByteView(theirs).first(4), ByteView(host).last(4)});
    session.s_enc = reference::des_ecb(kEnc, data);
    session.s_mac = reference::des_ecb(kMac, data);
  } else {
    const auto derive = [&](const Bytes& key, uint8_t constant) {
      const Bytes block = concat({Bytes{0x01, constant}, said.sequence_counter, reference::zeros(12)});
      return reference::des_cbc(key, reference::zeros(8), block);
    };
    const Bytes& mac_base = i & 0x01 ? kMac : kEnc;
    session.s_enc = derive(kEnc, 0x82);
    session.s_mac = derive(mac_base, 0x01);
    session.s_rmac = derive(mac_base, 0x02);
  }
  const Bytes card_part = concat({said.sequence_counter, theirs});
  const Bytes zero = reference::zeros(8);
  return {session, reference::des_mac(session.s_enc, zero, concat({host, card_part})),
          reference::des_mac(session.s_enc, zero, concat({card_part, host}))};
}

/// An answer to INITIALIZE UPDATE in the form that protocol and i ask for, with what the input gives in it.
Bytes well_formed(Scp scp, uint8_t i, size_t challenge, const Bytes& given) {
  Bytes out(10, 0x00);
  append(out, {0x30, static_cast<uint8_t>(scp)});
  if (scp == Scp::scp03) out.push_back(i);
  Bytes rest = given;
  rest.resize(scp == Scp::scp03 ? 2 * challenge + (i & 0x10 ? 3 : 0) : 16);
  return concat({out, rest});
}

/// Whether the standard lets an answer through that no R-MAC covers: an error and nothing else.
bool is_bare_error(const card::Response& response) {
  const int high = response.sw >> 8;
  return response.data.empty() && response.sw != 0x9000 && high != 0x62 && high != 0x63;
}

/// One command and its answer. False: the channel refused the answer and must now be closed.
bool exchange(Channel& channel, Card& card, Input& input) {
  const uint8_t how = input.byte();
  const auto sw = static_cast<uint16_t>(how & 0x80 ? input.byte() << 8 | input.byte() : 0x9000);
  const card::Apdu command{0x80, 0xCA, how, 0x00, input.bytes(how & 0x07), 256};
  require(channel.wrap(command).encode() == card.wrap(command, false));

  const Bytes data = input.bytes(input.byte());
  const bool has_rmac = (channel.level() & gp::kRmac) != 0;
  const bool covered = sw == 0x9000 || sw >> 8 == 0x62 || sw >> 8 == 0x63;
  Bytes answer = concat({data, Bytes{static_cast<uint8_t>(sw >> 8), static_cast<uint8_t>(sw)}});
  bool genuine = !has_rmac;
  if (has_rmac && (how & 0x40) && covered) {
    answer = card.answer(data, sw);
    const Bytes before = answer;
    if (how & 0x20) answer[input.byte() % answer.size()] ^= input.byte();
    if (how & 0x10) answer.erase(answer.begin(), answer.begin() + input.byte() % (answer.size() - 1));
    if (how & 0x08) answer.insert(answer.begin(), input.byte());
    genuine = answer == before;
  }
  const card::Response response = card::Response::parse(answer);
  try {
    const card::Response plain = channel.unwrap(response);
    require(genuine || is_bare_error(response));
    require(plain.sw == response.sw);
    if (genuine) require(plain.data == data);
    return true;
  } catch (const Error&) {
    require(!genuine);
    return false;
  }
}

void session(Input& input) {
  constexpr uint8_t kLevels[] = {0x00, 0x01, 0x03, 0x11, 0x13, 0x33};
  const uint8_t choice = input.byte();
  const uint8_t level = kLevels[choice / 4 % 6];
  const uint8_t i = input.byte();
  const Bytes host(choice & 0x80 ? 16 : 8, 0x77);
  Bytes given = input.bytes(input.byte());
  if (choice % 4 != 0) given = well_formed(static_cast<Scp>(choice % 4), i, host.size(), given);

  InitializeUpdateAnswer said = InitializeUpdateAnswer::parse(given, host.size());
  if (host.size() != 8 && said.scp != Scp::scp03) return;
  gp::ChannelOptions options;
  if (said.scp != Scp::scp03) options.i = i;
  Card card = said.scp == Scp::scp03 ? scp03_card(host, said, level) : des_card(host, said, level, i);
  const bool lucky = said.card_cryptogram == card.cryptogram;
  try {
    Channel::open(keys_for(said.scp), host, said, level, options);
    require(lucky);
  } catch (const Error&) {
  }
  said.card_cryptogram = card.cryptogram;
  const auto channel = Channel::open(keys_for(said.scp), host, said, level, options);
  const card::Apdu authenticate{0x80, 0x82, level, 0x00, card.host_cryptogram};
  require(channel->external_authenticate().encode() == card.wrap(authenticate, true));

  while (!input.empty()) {
    if (exchange(*channel, card, input)) continue;
    try {
      channel->wrap(card::Apdu{0x80, 0xCA, 0x00, 0x00, {}, 256});
    } catch (const Error&) {
      return;
    }
    std::abort();  // a channel that was lied to goes on
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(ByteView(data, size));
  try {
    session(input);
  } catch (const Error&) {
  }
  return 0;
}
