// The registry as a card leaves the factory.
#include "base/error.h"
#include "chip_private.h"

namespace cw::se {
namespace {

const Aid kAccessRulePackage = {0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C};
const Aid kAccessRuleModule = {0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C, 0x00};
constexpr uint16_t kRomVersion = 0xFFFF;  // as an NXP P71 lists its SSD package

void check(const Flavor& flavor) {
  const auto wrong = [&](const std::string& what) {
    throw Error(ErrorKind::usage, "flavor " + flavor.name + ": " + what);
  };
  if (flavor.isd_aid.size() < 5 || flavor.isd_aid.size() > 16) wrong("the ISD's AID has 5 to 16 bytes");
  if (flavor.scp02_i && !knows_scp02(*flavor.scp02_i)) wrong("SCP02 i is one of 05, 15, 25, 35, 45, 55, 65, 75");
  if (flavor.scp03_i && !knows_scp03(*flavor.scp03_i)) wrong("SCP03 i is one of 00, 10, 20, 30, 60, 70, or these + 01");
  if (flavor.channels < 1 || flavor.channels > 20) wrong("a card has 1 to 20 logical channels");
  if (flavor.atr.size() < 2 || flavor.atr.size() > 33) wrong("an ATR has 2 to 33 bytes");
  for (const FactoryKeys& keys : flavor.keys) {
    const bool des = keys.type == key_type::kDes;
    if (!des && keys.type != key_type::kAes) wrong("factory keys are DES (80) or AES (88)");
    for (const Bytes* key : {&keys.enc, &keys.mac, &keys.dek}) {
      const size_t size = key->size();
      if (size != 16 && size != 24 && (des || size != 32))
        wrong("a factory key of a length that its type does not have");
    }
  }
}

LoadFile rom_package(const Aid& aid, const Aid& module, const Aid& domain) {
  LoadFile file;
  file.aid = aid;
  file.domain = domain;
  file.version = kRomVersion;
  file.modules = {module};
  file.built_in = true;
  return file;
}

}  // namespace

Nvm factory_memory(const Flavor& flavor) {
  check(flavor);
  Nvm nvm;
  nvm.card_state = flavor.card_state;

  Application isd;
  isd.aid = flavor.isd_aid;
  isd.domain = flavor.isd_aid;
  const bool makes_domains = flavor.content_management && !flavor.ssd_package.empty();
  if (makes_domains) {
    isd.load_file = flavor.ssd_package;
    isd.module = flavor.ssd_module;
  }
  isd.kind = Kind::domain;
  isd.privileges = flavor.isd_privileges;
  isd.state = state::kPersonalized;
  for (const FactoryKeys& keys : flavor.keys) {
    uint8_t id = 1;
    for (const Bytes& key : {keys.enc, keys.mac, keys.dek})
      isd.sd.keys.push_back({id++, keys.version, {{keys.type, key}}});
  }
  nvm.applications.emplace_back(std::move(isd));

  if (makes_domains) {
    nvm.load_files.emplace_back(rom_package(flavor.ssd_package, flavor.ssd_module, flavor.isd_aid));
  }
  if (flavor.ara_m == AraM::absent) return nvm;
  nvm.load_files.emplace_back(rom_package(kAccessRulePackage, kAccessRuleModule, flavor.isd_aid));
  if (flavor.ara_m == AraM::installed) {
    Application rules;
    rules.aid = kAccessRuleModule;
    rules.load_file = kAccessRulePackage;
    rules.module = kAccessRuleModule;
    rules.domain = flavor.isd_aid;
    rules.kind = Kind::access_rules;
    rules.state = state::kSelectable;
    nvm.applications.emplace_back(std::move(rules));
  }
  return nvm;
}

}  // namespace cw::se
