#include "story.h"

#include <fstream>
#include <ostream>

#include <stdlib.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "gp/channel.h"
#include "gp/commands.h"
#include "gp/registry.h"

namespace cw::issuer {

const char* const kKeys = R"(
[isd.aes]
type = aes
version = 30
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
[isd.ff]
type = aes
version = 00
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
[isd.des]
type = des
version = 20
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
[isd.old]
type = des
version = 01
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
[isd.wrong]
type = aes
version = 30
enc = 000102030405060708090A0B0C0D0E0F
mac = 000102030405060708090A0B0C0D0E0F
dek = 000102030405060708090A0B0C0D0E0F
[ssd.aes]
type = aes
version = 31
master = 909192939495969798999A9B9C9D9E9F
diversification = kdf3
[ssd.des]
type = des
version = 21
master = A0A1A2A3A4A5A6A7A8A9AAABACADAEAF
diversification = visa2
[acme.kek]
type = aes
key = B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF
[acme.receipt]
type = aes
key = C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF
[acme.messages]
type = aes
key = D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF
[issuer.token]
type = aes
key = E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF
[issuer.receipt]
type = aes
key = F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF
)";

void PrintTo(const Product& product, std::ostream* out) { *out << product.flavor << " " << product.scp; }

Folder::Folder() {
  char name[] = "/tmp/cw-issuer-XXXXXX";
  path_ = ::mkdtemp(name);
}
Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string file_for(const Product& product, const std::string& callback, const std::string& more) {
  const se::Flavor& flavor = se::flavor(product.flavor);
  const std::string tenant_more = callback.empty() ? "" : R"(, "callback": ")" + callback + R"(")";
  return R"({
  "sei_tsm_id": "issuer.example", "listen": "127.0.0.1:0", "keys": "keys", "state": "state.json", "retry_ms": 10,
  "tenants": {
    "acme": { "transport_key": "acme.kek", "may": ["DM", "AM"], "aids": ["F0636172"])" +
         tenant_more + R"( },
    "other": { "transport_key": "acme.kek", "may": ["SD"], "aids": ["F1", "F0636172"] }
  },
  "cards": { "product": {
    "se_ids": ["4790D321*"], "isd_aid": ")" +
         to_hex(flavor.isd_aid) + R"(", "keys": ")" + product.keys + R"(", "scp": ")" + product.scp + R"(",
    "ssd_package": ")" +
         to_hex(flavor.ssd_package) + R"(", "ssd_module": ")" + to_hex(flavor.ssd_module) + R"(",
    "privilege_bytes": )" +
         std::to_string(flavor.privilege_length) + R"(, "token_key": "issuer.token",
    "ssd_keys": { "scp02": "ssd.des", "scp03": "ssd.aes" })" +
         product.more + "\n  } }" + more + "\n}";
}

Story::Story(const Product& wanted, const std::string& callback, const std::string& more) : product(wanted) {
  const ReadConfiguration read = parse_configuration(file_for(product, callback, more), folder / "");
  for (const std::string& problem : read.problems) ADD_FAILURE() << problem;
  configuration = read.configuration;
  keys = std::make_shared<crypto::FileKeyStore>(
      crypto::FileKeyStore::parse(Secret::copy(view(std::string_view(kKeys))), "keys"));
  card = std::make_shared<se::Card>(se::flavor(product.flavor));
  reader = std::make_unique<se::SimReader>(card);
  reader->reset();
  restart();
}

void Story::restart() {
  desk.reset();
  faults = std::make_unique<Faults>(configuration.faults);
  desk = std::make_unique<Desk>(Desk::Setup{configuration, keys, [this] { return now; }, {}}, *faults);
}

Answer Story::begin(const std::string& operation, const std::string& privileges, const std::string& sd,
                    const std::string& tenant, const std::string& se_id) {
  nlohmann::json message = {
      {"tenantId", tenant}, {"optType", operation}, {"seId", se_id}, {"sdAid", sd}, {"scpConfig", product.ssd_scp}};
  if (!privileges.empty()) message["expPrivilege"] = privileges;
  return desk->ssd(*configuration.tenant(tenant), parse_ssd_request(message.dump()));
}

Answer Story::report(const std::string& task, const std::vector<std::string>& answers, const std::string& tenant,
                     const std::string& se_id) {
  const nlohmann::json message = {{"tenantId", tenant}, {"taskId", task}, {"seId", se_id}, {"respList", answers}};
  return desk->commands(*configuration.tenant(tenant), parse_commands_request(message.dump()));
}

std::vector<std::string> Story::carry_out(const std::vector<std::string>& apdus) {
  std::vector<std::string> out;
  for (const std::string& apdu : apdus) {
    out.push_back(to_hex(reader->transmit(from_hex(apdu))));
    const std::string sw = out.back().substr(out.back().size() - 4), ins = apdu.substr(2, 2);
    if (opening_ && ins != "82") gave_up_ = true;
    opening_ = ins == "50" && sw == "9000";
    if (sw != "9000" && sw != "6310" && !sw.starts_with("61")) break;
  }
  return out;
}

Story::Outcome Story::go_on(Answer answer, unsigned most) {
  Outcome out;
  opening_ = gave_up_ = false;
  while (answer.code == Code::normal && !answer.apdus->empty() && out.rounds < most) {
    ++out.rounds;
    out.apdus += static_cast<unsigned>(answer.apdus->size());
    out.task = answer.task;
    answer = report(answer.task, carry_out(*answer.apdus));
  }
  out.good = answer.code == Code::normal;
  out.gave_up = gave_up_ || opening_;
  out.message = answer.message;
  return out;
}

Story::Outcome Story::run(const std::string& operation, const std::string& privileges, const std::string& sd) {
  return go_on(begin(operation, privileges, sd), 20);
}
Story::Outcome Story::run_some(const std::string& operation, unsigned rounds) {
  return go_on(begin(operation), rounds);
}

State Story::state() const {
  State out;
  desk->look([&](const State& state) { out = state; });
  return out;
}

const Domain* Story::domain() {
  shown_ = state();
  return shown_.domain(kSeId, from_hex(kSd));
}

Seen look_with(Story& story, const crypto::KeySet& keys, const std::string& sd) {
  const auto send = [&](const card::Apdu& apdu) {
    return card::Response::parse(story.reader->transmit(apdu.encode()));
  };
  const Bytes aid = from_hex(sd), challenge = crypto::random_bytes(8);
  EXPECT_EQ(send(gp::select(aid)).sw, 0x9000);
  const card::Response update = send(gp::initialize_update(keys.version, 0, challenge));
  EXPECT_EQ(update.sw, 0x9000);
  const auto answer = gp::InitializeUpdateAnswer::parse(update.data, 8);
  gp::ChannelOptions options{.aid = aid};
  if (answer.scp == gp::Scp::scp02) options.i = ScpConfig::parse(story.product.ssd_scp)->i;
  const auto channel = gp::Channel::open(keys, challenge, answer, 0x01, options);
  EXPECT_EQ(send(channel->external_authenticate()).sw, 0x9000);
  const card::Response listed = send(channel->wrap(gp::get_status(gp::RegistryScope::applications, aid)));
  EXPECT_EQ(listed.sw, 0x9000);
  for (const gp::RegistryEntry& one : gp::parse_registry(listed.data)) {
    if (one.aid == aid) return {to_hex(one.life_cycle), to_hex(one.privileges)};
  }
  return {};
}

}  // namespace cw::issuer
