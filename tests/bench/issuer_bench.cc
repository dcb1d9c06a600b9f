// Tokens of the issuer's side, from the message to its answer, beside the bare signature of the same key.
#include <filesystem>

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/key_store.h"
#include "gp/tokens.h"
#include "issuer/desk.h"

namespace cw {
namespace {

const char* const kKeys =
    "[isd]\ntype = aes\nversion = 30\nenc = 404142434445464748494A4B4C4D4E4F\nmac = "
    "404142434445464748494A4B4C4D4E4F\ndek = 404142434445464748494A4B4C4D4E4F\n"
    "[token]\ntype = ec\ncurve = p256\nprivate = 839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D\n";
const char* const kFile = R"({"sei_tsm_id": "x", "listen": "127.0.0.1:0", "keys": "keys", "state": "state.json",
  "tenants": {"acme": {"may": ["DM"], "aids": ["F0636172"]}},
  "cards": {"p": {"se_ids": ["*"], "isd_aid": "A000000151000000", "keys": "isd", "scp": "0370", "token_key": "token",
    "ssd_package": "A0000001515350", "ssd_module": "A000000151535041", "ssd_keys": {"scp03": "isd"}}}})";

Bytes install() {
  const Bytes elf = from_hex("F06361727401"), module = from_hex("F0636172740101"), app = from_hex("F0636172740102");
  return gp::install_token_input({elf, module, app, {0x00}, {0xC9, 0x00}}, true);
}

struct Issuer {
  Issuer() {
    char name[] = "/tmp/cw-issuer-bench-XXXXXX";
    folder = ::mkdtemp(name);
    configuration = issuer::parse_configuration(kFile, folder).configuration;
    keys = std::make_shared<crypto::FileKeyStore>(
        crypto::FileKeyStore::parse(Secret::copy(view(std::string_view(kKeys))), "keys"));
    desk =
        std::make_unique<issuer::Desk>(issuer::Desk::Setup{configuration, keys, [] { return int64_t{0}; }, {}}, faults);
    desk->with_state([](issuer::State& state) {
      state.domains.push_back({"AB", from_hex("F063617264770001"), "acme", {0xA0, 0x00, 0x00}});
    });
  }
  ~Issuer() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
  issuer::Configuration configuration;
  std::shared_ptr<crypto::FileKeyStore> keys;
  issuer::Faults faults{{}};
  std::unique_ptr<issuer::Desk> desk;
};

void token_signature(benchmark::State& state) {
  const Issuer issuer;
  const auto key = issuer.keys->find_signing_key("token");
  const Bytes data = install();
  for (auto _ : state) benchmark::DoNotOptimize(key->sign(data));
}
BENCHMARK(token_signature);

void token_request(benchmark::State& state) {
  const Issuer issuer;
  const std::string text =
      R"({"tenantId":"acme","optType":"CREATE_TOKEN","seId":"AB","rawData":[")" + to_hex(install()) + R"("]})";
  for (auto _ : state) {
    const auto answer = issuer.desk->token(issuer.configuration.tenants[0], issuer::parse_token_request(text));
    if (!answer.tokens) return state.SkipWithError("no token");
    benchmark::DoNotOptimize(issuer::to_json(answer, false));
  }
}
BENCHMARK(token_request);

}  // namespace
}  // namespace cw
