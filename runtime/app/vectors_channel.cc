// Runs published cases about secure channels, keys, MACs and tokens.
#include "app/vectors.h"
#include "base/error.h"
#include "base/hex.h"
#include "card/apdu.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "gp/channel.h"
#include "gp/channel_from_session_keys.h"
#include "gp/diversification.h"
#include "gp/key_dgis.h"
#include "gp/put_key.h"
#include "gp/tokens.h"

namespace cw::app {

namespace {

using nlohmann::json;

/// Compares one fact after the other and keeps the first that differs.
class Comparison {
 public:
  void text(const std::string& what, const std::string& expected, const std::string& actual) {
    if (expected == actual || !result_.passed) return;
    result_ = {false, what + " " + expected, what + " " + actual};
  }
  void bytes(const std::string& what, ByteView expected, ByteView actual) {
    text(what, to_hex(expected), to_hex(actual));
  }
  /// Secrets are compared inside crypto/ and never shown.
  void secret(const std::string& what, ByteView expected, const Secret& actual) {
    text(what, "the published key", crypto::matches(actual, expected) ? "the published key" : "another key");
  }
  CaseResult result() const { return result_; }

 private:
  CaseResult result_{};
};

std::string text(const json& from, const char* field) { return from.at(field).get<std::string>(); }
std::string text_or(const json& from, const char* field, const std::string& absent) {
  return from.contains(field) ? text(from, field) : absent;
}
Bytes bytes(const json& from, const char* field) { return from_hex(text(from, field)); }
Bytes bytes_or_empty(const json& from, const char* field) { return from_hex(text_or(from, field, "")); }
uint8_t byte(const json& from, const char* field) { return static_cast<uint8_t>(read_be(bytes(from, field))); }
Secret secret(const json& from, const char* field) { return Secret::take(bytes(from, field)); }
/// A number, whose hex may have an odd number of digits.
Bytes number(const json& from, const char* field) {
  const std::string digits = text(from, field);
  return from_hex(digits.size() % 2 == 0 ? digits : std::string("0").append(digits));
}

gp::Scp protocol(const json& inputs) {
  const std::string name = text(inputs, "protocol");
  if (name == "SCP01") return gp::Scp::scp01;
  if (name == "SCP02") return gp::Scp::scp02;
  if (name == "SCP03") return gp::Scp::scp03;
  throw Error(ErrorKind::usage, "unknown protocol " + name);
}

crypto::KeyType key_type(gp::Scp scp) { return scp == gp::Scp::scp03 ? crypto::KeyType::aes : crypto::KeyType::des; }

crypto::KeyType key_type(const std::string& name) {
  if (name == "aes" || name == "88") return crypto::KeyType::aes;
  if (name == "des" || name == "80") return crypto::KeyType::des;
  throw Error(ErrorKind::usage, "unknown key type " + name);
}

std::shared_ptr<const crypto::Key> key(crypto::KeyType type, const json& from, const char* field) {
  return crypto::make_key(type, secret(from, field));
}

/// Three keys, or one master key for all three.
crypto::KeySet key_set(crypto::KeyType type, const json& keys) {
  crypto::KeySet set{.name = "vector"};
  if (keys.is_string()) {
    set.enc = set.mac = set.dek = crypto::make_key(type, Secret::take(from_hex(keys.get<std::string>())));
    return set;
  }
  set.enc = key(type, keys, "enc");
  set.mac = key(type, keys, "mac");
  set.dek = key(type, keys, "dek");
  return set;
}

/// The case's keys, diversified for this card if they are master keys.
crypto::KeySet session_key_set(gp::Scp scp, const json& keys, ByteView kdd) {
  if (!keys.contains("master")) return key_set(key_type(scp), keys);
  return gp::diversify(key_set(key_type(scp), keys.at("master")), text(keys, "diversification"), kdd);
}

struct Opening {
  gp::Scp scp;
  Bytes host_challenge;
  gp::InitializeUpdateAnswer answer;
  crypto::KeySet keys;
  gp::ChannelOptions options;
};

Opening opening(const json& inputs, Comparison& compare) {
  const gp::Scp scp = protocol(inputs);
  const json& update = inputs.at("initialize_update");
  const auto command = card::Apdu::parse(bytes(update, "command"));
  auto built = gp::initialize_update(command.p1, command.p2, command.data);
  built.le = command.le;
  compare.bytes("INITIALIZE UPDATE", command.encode(), built.encode());

  const auto response = card::Response::parse(bytes(update, "response"));
  auto answer = gp::InitializeUpdateAnswer::parse(response.data, command.data.size());
  compare.text("protocol", text(inputs, "protocol"), "SCP0" + std::to_string(static_cast<int>(answer.scp)));
  auto keys = session_key_set(scp, inputs.at("keys"), answer.diversification_data);
  gp::ChannelOptions options{.aid = bytes_or_empty(inputs, "aid"),
                             .encrypt_empty_data = inputs.value("encrypt_empty_data", false)};
  if (scp == gp::Scp::scp03) {
    compare.text("i", text(inputs, "i"), to_hex(answer.i.value_or(0)));
  } else {
    options.i = byte(inputs, "i");
  }
  return {scp, command.data, std::move(answer), std::move(keys), std::move(options)};
}

std::unique_ptr<gp::Channel> open(const Opening& from, uint8_t level) {
  return gp::Channel::open(from.keys, from.host_challenge, from.answer, level, from.options);
}

/// A command as the case has it; sources differ on whether a Le follows.
void compare_command(Comparison& compare, const std::string& what, const Bytes& expected, card::Apdu actual) {
  actual.le = card::Apdu::parse(expected).le;
  compare.bytes(what, expected, actual.encode());
}

void run_exchange(Comparison& compare, gp::Channel& channel, const json& exchange) {
  const auto wrapped = channel.wrap(card::Apdu::parse(bytes(exchange, "plain_command")));
  if (exchange.contains("wrapped_command")) {
    compare.bytes("wrapped command", bytes(exchange, "wrapped_command"), wrapped.encode());
  }
  if (!exchange.contains("wrapped_response")) return;
  const auto plain = channel.unwrap(card::Response::parse(bytes(exchange, "wrapped_response")));
  compare.bytes("plain response", bytes(exchange, "plain_response"), plain.encode());
}

gp::SessionKeys session_keys(gp::Scp scp, const json& keys) {
  const Bytes filler(16);  // for keys that a case does not publish, because its level does not use them
  const auto key_or_filler = [&](const char* field) {
    return keys.contains(field) ? secret(keys, field) : Secret::copy(filler);
  };
  return {key_or_filler("s_enc"), key_or_filler("s_mac"), key_or_filler("s_rmac"), key_or_filler("s_dek"),
          key_type(scp)};
}

/// The channel that derived its session keys and one made of the published ones do the same.
void compare_session_keys(Comparison& compare, const Opening& from, const json& expected) {
  const json& keys = expected.at("session_keys");
  const uint8_t level = gp::kCmac | gp::kCenc;
  const auto derived = open(from, level);
  const auto published = gp::channel_from_session_keys({.scp = from.scp,
                                                        .i = derived->i(),
                                                        .level = level,
                                                        .s16 = from.answer.s16,
                                                        .host_cryptogram = bytes(expected, "host_cryptogram")},
                                                       session_keys(from.scp, keys));
  compare.bytes("EXTERNAL AUTHENTICATE by the published keys", published->external_authenticate().encode(),
                derived->external_authenticate().encode());
  const card::Apdu probe{0x80, 0xE2, 0x80, 0x00, Bytes(21, 0x5A)};
  compare.bytes("command by the published keys", published->wrap(probe).encode(), derived->wrap(probe).encode());
  compare.bytes("key under the published DEK", published->encrypt_key(*from.keys.enc),
                derived->encrypt_key(*from.keys.enc));
  if (!keys.contains("s_rmac")) return;
  const crypto::Key& mac = *from.keys.mac;
  const Bytes context = concat({from.host_challenge, from.answer.card_challenge});
  compare.secret("S-RMAC", bytes(keys, "s_rmac"),
                 from.scp == gp::Scp::scp03
                     ? mac.derive_scp03_key(0x07, context, static_cast<unsigned>(8 * mac.size()))
                     : mac.derive_scp02_key(0x0102, static_cast<uint16_t>(read_be(from.answer.sequence_counter))));
}

CaseResult run_session(const json& test_case) {
  Comparison compare;
  const json& expected = test_case.at("expected");
  const Opening from = opening(test_case.at("inputs"), compare);
  compare.bytes("diversification data", bytes(expected, "key_diversification_data"), from.answer.diversification_data);
  compare.text("key version", text(expected, "key_version"), to_hex(from.answer.key_version));
  compare.bytes("sequence counter", bytes(expected, "sequence_counter"), from.answer.sequence_counter);
  compare.bytes("card challenge", bytes(expected, "card_challenge"), from.answer.card_challenge);
  compare.bytes("card cryptogram", bytes(expected, "card_cryptogram"), from.answer.card_cryptogram);
  compare_session_keys(compare, from, expected);

  const bool authenticates = expected.contains("external_authenticate");
  const uint8_t level = authenticates ? byte(expected.at("external_authenticate"), "security_level") : uint8_t{0x01};
  const auto channel = open(from, level);
  const auto authenticate = channel->external_authenticate();
  const Bytes cryptogram = bytes(expected, "host_cryptogram");
  compare.bytes("host cryptogram", cryptogram, ByteView(authenticate.data).first(cryptogram.size()));
  if (authenticates) {
    compare_command(compare, "EXTERNAL AUTHENTICATE", bytes(expected.at("external_authenticate"), "command"),
                    authenticate);
  }
  for (const json& exchange : expected.value("exchanges", json::array())) run_exchange(compare, *channel, exchange);
  return compare.result();
}

CaseResult run_refused_session(const json& test_case) {
  Comparison compare;
  const Opening from = opening(test_case.at("inputs"), compare);
  const std::string why = text(test_case.at("expected"), "refused");
  try {
    open(from, 0x01);
    compare.text("opening", "refused: " + why, "done");
  } catch (const Error& error) {
    const bool right = error.kind() == ErrorKind::channel && error.message().find(why) != std::string::npos;
    compare.text("opening refused:", why, right ? why : error.message());
  }
  return compare.result();
}

/// Session keys and cryptograms of a scp-wrap case that says where they come from.
void compare_derivation(Comparison& compare, const json& test_case) {
  const json& inputs = test_case.at("inputs");
  const json& from = inputs.at("derived_from");
  const gp::Scp scp = protocol(inputs);
  const auto enc = key(key_type(scp), from, "static_key");
  const auto mac = from.contains("static_mac_key") ? key(key_type(scp), from, "static_mac_key") : enc;
  if (scp == gp::Scp::scp03) {
    const Bytes context = bytes(from, "context");
    const auto bits = static_cast<unsigned>(8 * enc->size());
    compare.secret("S-ENC", bytes(inputs, "s_enc"), enc->derive_scp03_key(0x04, context, bits));
    compare.secret("S-MAC", bytes(inputs, "s_mac"), mac->derive_scp03_key(0x06, context, bits));
    compare.secret("S-RMAC", bytes(inputs, "s_rmac"), mac->derive_scp03_key(0x07, context, bits));
    return;
  }
  const auto counter = static_cast<uint16_t>(read_be(bytes(from, "sequence_counter")));
  compare.secret("S-ENC", bytes(inputs, "s_enc"), enc->derive_scp02_key(0x0182, counter));
  compare.secret("S-MAC", bytes(inputs, "s_mac"), mac->derive_scp02_key(0x0101, counter));
  compare.secret("S-RMAC", bytes(inputs, "s_rmac"), mac->derive_scp02_key(0x0102, counter));
  const Bytes challenge = bytes(inputs, "card_challenge");  // sequence counter and challenge
  const json& expected = test_case.at("expected");
  const gp::InitializeUpdateAnswer answer{.scp = scp,
                                          .sequence_counter = to_bytes(ByteView(challenge).first(2)),
                                          .card_challenge = to_bytes(ByteView(challenge).subspan(2)),
                                          .card_cryptogram = bytes(expected, "card_cryptogram")};
  const auto channel = gp::Channel::open({.name = "vector", .enc = enc, .mac = mac, .dek = enc},
                                         bytes(inputs, "host_challenge"), answer, 0x03, {.i = byte(inputs, "i")});
  compare.bytes("host cryptogram", bytes(expected, "host_cryptogram"),
                ByteView(channel->external_authenticate().data).first(8));
}

CaseResult run_wrap(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const json& exchanges = test_case.at("expected").at("exchanges");
  if (inputs.contains("derived_from")) compare_derivation(compare, test_case);

  gp::SessionStart start{.scp = protocol(inputs),
                         .i = static_cast<uint8_t>(read_be(from_hex(text_or(inputs, "i", "70")))),
                         .level = byte(inputs, "security_level"),
                         .s16 = inputs.value("mac_length", 8) == 16,
                         .encrypt_empty_data = inputs.value("encrypt_empty_data", false),
                         .commands_before = inputs.value("commands_before", 0u)};
  const auto first = card::Apdu::parse(bytes(exchanges.at(0), "plain_command"));
  const bool authenticates = first.ins == 0x82;
  if (authenticates) start.host_cryptogram = first.data;
  const auto channel = gp::channel_from_session_keys(start, session_keys(start.scp, inputs));
  if (authenticates) {
    compare_command(compare, "EXTERNAL AUTHENTICATE", bytes(exchanges.at(0), "wrapped_command"),
                    channel->external_authenticate());
  }
  for (size_t n = authenticates ? 1 : 0; n < exchanges.size(); ++n) run_exchange(compare, *channel, exchanges.at(n));
  return compare.result();
}

CaseResult run_scp03_kdf(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const auto from = key(crypto::KeyType::aes, inputs, "key");
  const auto bits = inputs.at("length_bits").get<unsigned>();
  const Bytes expected = bytes(test_case.at("expected"), "output");
  compare.bytes("output", expected, from->derive_scp03_data(byte(inputs, "constant"), bytes(inputs, "context"), bits));
  compare.secret("key", expected, from->derive_scp03_key(byte(inputs, "constant"), bytes(inputs, "context"), bits));
  return compare.result();
}

CaseResult run_scp02_derivation(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  compare.secret("output", bytes(test_case.at("expected"), "output"),
                 key(crypto::KeyType::des, inputs, "key")
                     ->derive_scp02_key(static_cast<uint16_t>(read_be(bytes(inputs, "constant"))),
                                        static_cast<uint16_t>(read_be(bytes(inputs, "sequence_counter")))));
  return compare.result();
}

CaseResult run_mac(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const std::string algorithm = text(inputs, "algorithm");
  const Bytes message = bytes(inputs, "message");
  const Bytes expected = bytes(test_case.at("expected"), "mac");
  if (algorithm == "aes-cmac") {
    compare.bytes("mac", expected, crypto::Aes(secret(inputs, "key")).cmac(message));
  } else if (algorithm == "iso9797-1-alg3") {
    compare.bytes("mac", expected, crypto::Des(secret(inputs, "key")).retail_mac({}, {message}));
  } else if (algorithm == "des3-cbc-mac") {
    compare.bytes("mac", expected, crypto::Des(secret(inputs, "key")).mac({}, {message}));
  } else {
    throw Error(ErrorKind::usage, "unknown MAC algorithm " + algorithm);
  }
  return compare.result();
}

CaseResult run_kcv(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  compare.bytes("kcv", bytes(test_case.at("expected"), "kcv"),
                key(key_type(text(inputs, "algorithm")), inputs, "key")->kcv());
  return compare.result();
}

CaseResult run_diversification(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const json& expected = test_case.at("expected");
  const std::string method = text(inputs, "method");
  const auto type = method == "kdf3" ? crypto::KeyType::aes : crypto::KeyType::des;
  const auto set = gp::diversify(key_set(type, inputs.at("master")), method, bytes(inputs, "kdd"));
  const std::pair<const char*, const crypto::Key*> derived[] = {
      {"enc", set.enc.get()}, {"mac", set.mac.get()}, {"dek", set.dek.get()}};
  for (const auto& [name, card_key] : derived) {
    if (expected.contains("keys") && expected.at("keys").contains(name)) {
      compare.secret(name, bytes(expected.at("keys"), name), card_key->material());
    }
    if (expected.contains("kcv") && expected.at("kcv").contains(name)) {
      compare.bytes(std::string("KCV of ") + name, bytes(expected.at("kcv"), name), card_key->kcv());
    }
  }
  return compare.result();
}

/// A channel that is there for its DEK.
std::unique_ptr<gp::Channel> channel_with_dek(gp::Scp scp, Secret dek) {
  gp::SessionKeys keys = session_keys(scp, json::object());
  keys.dek = std::move(dek);
  return gp::channel_from_session_keys({.scp = scp}, keys);
}

CaseResult run_key_encryption(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const gp::Scp scp = protocol(inputs);
  const auto channel = channel_with_dek(
      scp, inputs.contains("static_dek")
               ? key(crypto::KeyType::des, inputs, "static_dek")
                     ->derive_scp02_key(0x0181, static_cast<uint16_t>(read_be(bytes(inputs, "sequence_counter"))))
               : secret(inputs, "dek"));
  compare.bytes("encrypted key", bytes(test_case.at("expected"), "encrypted_key"),
                channel->encrypt_key(*key(key_type(scp), inputs, "key")));
  return compare.result();
}

CaseResult run_put_key(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const json& expected = test_case.at("expected");
  const auto channel = channel_with_dek(protocol(inputs), secret(inputs, "dek"));
  std::vector<gp::KeyItem> keys;
  for (const json& item : expected.at("keys")) {
    const auto put = key(key_type(text(item, "type")), item, "key");
    compare.bytes("KCV", bytes(item, "kcv"), put->kcv());
    keys.push_back(gp::SecretKeyItem{put});
  }
  const uint8_t version = byte(expected, "new_key_version");
  compare.bytes("data", bytes(inputs, "data"), gp::put_key_data(*channel, version, keys));
  const Bytes published = bytes(inputs, "command");
  const auto command = card::Apdu::parse(published);
  compare_command(compare, "command", published, gp::put_key(*channel, command.p1, command.p2 & 0x7F, version, keys));
  if (expected.contains("response")) {
    gp::check_put_key_answer(gp::parse_put_key_answer(bytes(expected, "response")), version, keys);
  }
  return compare.result();
}

CaseResult run_store_data_keys(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const auto type = key_type(text(inputs, "key_type"));
  const auto scp = type == crypto::KeyType::aes ? gp::Scp::scp03 : gp::Scp::scp02;
  std::vector<gp::DgiKey> keys;
  for (const json& item : inputs.at("keys")) keys.push_back({byte(item, "id"), key(type, item, "key")});
  const gp::DgiKeyAttributes attributes{.version = byte(inputs, "key_version"),
                                        .access = byte(inputs, "key_access"),
                                        .purpose = static_cast<uint16_t>(read_be(bytes(inputs, "key_purpose")))};
  compare.bytes("data", bytes(test_case.at("expected"), "data"),
                gp::key_dgis(*channel_with_dek(scp, secret(inputs, "dek")), attributes, keys));
  return compare.result();
}

CaseResult run_token_data(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const Bytes p1_p2 = bytes(inputs, "p1_p2");
  std::vector<Bytes> fields;
  for (const json& field : inputs.at("fields")) fields.push_back(bytes(field, "value"));
  const Bytes expected = bytes(test_case.at("expected"), "data");
  compare.bytes("data", expected, gp::token_input(p1_p2.at(0), p1_p2.at(1), fields));
  if (p1_p2.at(0) == 0x10) {
    compare.bytes("extradition", expected, gp::extradition_token_input(fields.at(0), fields.at(2), fields.at(4)));
  }
  return compare.result();
}

CaseResult run_signature(const json& test_case) {
  Comparison compare;
  const json& inputs = test_case.at("inputs");
  const std::string algorithm = text(inputs, "algorithm");
  if (algorithm != "rsa-pkcs1-sha1" && algorithm != "rsa-pkcs1-sha256") {
    throw Error(ErrorKind::usage, "unknown signature algorithm " + algorithm);
  }
  const auto scheme = algorithm == "rsa-pkcs1-sha1" ? crypto::RsaScheme::pkcs1_sha1 : crypto::RsaScheme::pkcs1_sha256;
  const crypto::RsaPrivateKey signer{{number(inputs, "modulus"), number(inputs, "exponent")},
                                     Secret::take(number(inputs, "private_exponent"))};
  const Bytes message = bytes(inputs, "message");
  const Bytes expected = bytes(test_case.at("expected"), "signature");
  compare.bytes("signature", expected, crypto::rsa_sign(signer, scheme, message));
  compare.text("verification", "right",
               crypto::rsa_verify(signer.public_key, scheme, message, expected) ? "right" : "wrong");
  return compare.result();
}

}  // namespace

std::map<std::string, CaseRunner> channel_case_runners() {
  return {{"scp-session", run_session},
          {"scp-session-refused", run_refused_session},
          {"scp-wrap", run_wrap},
          {"scp03-kdf", run_scp03_kdf},
          {"scp02-derivation", run_scp02_derivation},
          {"mac", run_mac},
          {"kcv", run_kcv},
          {"diversification", run_diversification},
          {"key-encryption", run_key_encryption},
          {"put-key-data", run_put_key},
          {"store-data-keys", run_store_data_keys},
          {"token-data", run_token_data},
          {"signature", run_signature}};
}

}  // namespace cw::app
