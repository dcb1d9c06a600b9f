// The flavors: data, with the place where each value of a product was seen, and with what is the simulator's own
// choice. What neither names follows "generic".
#include "base/hex.h"
#include "command_private.h"
#include "flavors_private.h"

namespace cw::se {
namespace {

// The test key that every open GlobalPlatform card leaves the factory with.
const char* const kTestKey = "404142434445464748494A4B4C4D4E4F";

FactoryKeys test_keys(uint8_t version, uint8_t type) {
  const Bytes key = from_hex(kTestKey);
  return {version, type, key, key, key};
}
constexpr uint8_t kDes = 0x80;
constexpr uint8_t kAes = 0x88;

// An ATR with T=1 only (ISO/IEC 7816-3 8.2): pySim takes T=0 where it is offered.
Bytes atr_with(std::string_view historical) {
  Bytes atr = begin_with({0x3B, u8(0x80 | historical.size()), 0x81, 0x31, 0xFE, 0x45}, historical.size() + 1);
  append(atr, view(historical));
  uint8_t check = 0;
  for (size_t at = 1; at < atr.size(); ++at) check ^= atr[at];
  atr.push_back(check);
  return atr;
}

Flavor generic() {
  Flavor f;
  f.name = "generic";
  f.summary = "GlobalPlatform 2.3.1 by the book: SCP03 i=70 with key version 30, SCP02 i=55 with 20";
  f.citations = {
      {"new SSD package and module AIDs", "martinpaljak/GlobalPlatformPro, tool options of --create-domain"},
      {"key versions 20-2F for SCP02, 30-3F for SCP03", "GP UICC Configuration 1.0.1; osmocom/pysim uicc.py"},
      {"some ten failed authentications block", "kaoh/globalplatform wiki; PeculiarVentures/scp (counters from 10)"},
      {"DGI-less STORE DATA as BER-TLV", "GPCS 2.3.1 11.11"},
      {"an answer may take 304 s (one INITIALIZE UPDATE did)", "martinpaljak/GlobalPlatformPro#62"},
  };
  f.own_choices = {
      "ATR, FCI, diversification data, CPLC, IIN and CIN",
      "256 KiB of non-volatile memory, 8 KiB of RAM, LOAD blocks of 255 bytes, 20 logical channels",
      "ARA-M as a package in ROM, not installed",
      "privileges written with three bytes",
  };
  f.atr = atr_with("CARDWRIGHT");
  f.isd_aid = from_hex("A000000151000000");
  f.fci_proprietary = from_hex("9F6501FF");
  f.diversification_data = from_hex("00000000000000000001");
  f.cplc = from_hex("000000000000000000000000000000010000000000000000000000000000000000000000000000000000");
  f.iin = from_hex("0000000001");
  f.cin = from_hex("00000000000000000001");
  // GPCS H.4: SCP02, SCP03 with options and key sizes, every privilege, the hashes of load files.
  f.capabilities =
      from_hex("672CA009800102810415355575A00F8001038107001020306070718201078103FFFE8082031E1600830401020304");
  f.keys = {test_keys(0x30, kAes), test_keys(0x20, kDes)};
  f.auth_counter = {AuthCounter::On::failed_authentication, AuthCounter::Scope::key_version, 10};
  f.ssd_package = from_hex("A0000001515350");
  f.ssd_module = from_hex("A000000151535041");
  f.ssd_aid = from_hex("F063617264770001");
  return f;
}

Flavor uicc() {
  Flavor f = generic();
  f.name = "uicc";
  f.summary = "SIM as pySim expects one: ISD A000000003000000, selectable MF, ARA-M installed";
  f.citations = {
      {"ISD found only at A000000003000000; SELECT 3F00 has to answer 9000", "osmocom/pysim, pySim/global_platform"},
      {"ARA-M built in", "bertrandmartel/aram-applet#1"},
      {"key versions 20-2F, 30-3F", "GP UICC Configuration 1.0.1"},
  };
  f.own_choices = {
      "SECURED",
      "128 KiB of non-volatile memory",
      "SCP02 i=15",
  };
  f.isd_aid = from_hex("A000000003000000");
  f.card_state = 0x0F;
  f.answers_mf_select = true;
  f.ara_m = AraM::installed;
  f.nvm_bytes = 128 * 1024;
  f.scp02_i = uint8_t{0x15};
  return f;
}

Flavor jcop4() {
  Flavor f = generic();
  f.name = "jcop4";
  f.summary = "NXP P71 with JCOP 4: factory keys FF, one-byte privileges, no cascading DELETE";
  f.citations = {
      {"ATR, CPLC, ISD AID, ISD privileges 9EFE80, SCP03 i=70", "OpenPhysical/Gp4Net, traces of an NXP P71"},
      {"factory version FF cannot be put back: PUT KEY P1 FF answers 6A86", "ievkh/scll-rust, section 10.7"},
      {"privileges padded to three bytes refused", "ievkh/scll-rust, section 10.7"},
      {"DELETE KEY by identifier answers 6A88, by version works", "ievkh/scll-rust, section 10.7"},
      {"DELETE with P2 80 answers 6A86", "ievkh/scll-rust, section 10.7"},
      {"a fresh SSD takes its parent's keys", "ievkh/scll-rust, section 10.7"},
      {"card capabilities", "martinpaljak/GlobalPlatformPro, dump of a JCOP 4"},
  };
  f.own_choices = {
      "160 KiB of non-volatile memory, 4 KiB of RAM",
      "no IIN, no CIN, no ARA-M",
  };
  f.atr = from_hex("3BD518FF8191FE1FC38073C821100A");
  f.diversification_data = from_hex("00002345558083204839");
  f.cplc = from_hex("4790D3214700000000002345558919204839000000000000000018649535383931390000000000000000");
  f.iin = {};
  f.cin = {};
  f.capabilities =
      from_hex("672CA00D800103810500102060708201078103E5BEC082031E030083010284010285017B86010C87017B89020101");
  f.keys = {test_keys(0xFF, kAes)};
  f.scp02_i = std::nullopt;
  f.delete_cascade = false;
  f.delete_key_by_id = false;
  f.refuses_padded_privileges = true;
  f.privilege_length = 1;
  f.ara_m = AraM::absent;
  f.nvm_bytes = 160 * 1024;
  f.ram_bytes = 4 * 1024;
  return f;
}

Flavor secora() {
  Flavor f = generic();
  f.name = "secora";
  f.summary = "Infineon Secora ID S: STORE DATA has to say in P1 that data comes as DGIs";
  f.citations = {
      {"STORE DATA P1 80 answers 6A80, P1 88 works", "martinpaljak/GlobalPlatformPro#309"},
  };
  f.own_choices = {
      "ATR, 100 KiB of non-volatile memory, no ARA-M",
      "keys and protocols as generic",
  };
  f.atr = atr_with("SECORA");
  f.store_data_wants_format = true;
  f.store_data_p1 = 0x88;
  f.ara_m = AraM::absent;
  f.nvm_bytes = 100 * 1024;
  return f;
}

Flavor smartcafe() {
  Flavor f = generic();
  f.name = "smartcafe";
  f.summary = "G+D SmartCafe 6.0: SCP02, no INSTALL [for personalization], modules not listed";
  f.citations = {
      {"INSTALL [for personalization] answers 6A86", "bertrandmartel/aram-applet#1"},
      {"GET STATUS of modules (P1 10) answers 6A81", "bertrandmartel/aram-applet#1"},
      {"ISD A000000003000000, INITIALIZED, privileges 9E; listed in the GP 2.1.1 way", "bertrandmartel/aram-applet#1"},
      {"key version 01 of DES keys", "martinpaljak/GlobalPlatformPro#66"},
      {"SSD package of cards before GP 2.2", "kaoh/globalplatform, gpshell scripts"},
  };
  f.own_choices = {
      "ATR, 80 KiB of non-volatile memory, 4 KiB of RAM, 4 logical channels",
      "SCP02 i=15; version 2.1.1 in the card data (66), as the registry is listed",
      "privileges written with one byte, as before GP 2.2",
      "no card capabilities (67), no ARA-M",
  };
  f.atr = atr_with("SCE60");
  f.isd_aid = from_hex("A000000003000000");
  f.gp_version = {2, 1, 1};
  f.card_state = 0x07;
  f.isd_privileges = 0x9E0000;
  f.capabilities = {};
  f.keys = {test_keys(0x01, kDes)};
  f.scp02_i = uint8_t{0x15};
  f.scp03_i = std::nullopt;
  f.ssd_package = from_hex("A0000000035350");
  f.ssd_module = from_hex("A000000003535041");
  f.install_for_personalization = false;
  f.list_modules = false;
  f.privilege_length = 1;
  f.ara_m = AraM::absent;
  f.nvm_bytes = 80 * 1024;
  f.ram_bytes = 4 * 1024;
  f.channels = 4;
  return f;
}

Flavor yubikey() {
  Flavor f = generic();
  f.name = "yubikey";
  f.summary = "YubiKey 5: SCP03 i=60 with factory keys FF, encrypts empty data, no content management";
  f.citations = {
      {"SCP03 i=60, key version FF, CPLC absent", "PeculiarVentures/scp, README"},
      {"empty data under C-ENC is one padded block", "PeculiarVentures/scp, README (EmptyDataPolicy)"},
      {"FCI 73 06 .. in A5", "published FCI of a YubiKey, data object vectors"},
      {"session traces with i=60", "Yubico/Yubico.NET.SDK"},
  };
  f.own_choices = {
      "no card content management",
      "SECURED",
      "one logical channel",
      "no IIN, no CIN, no card capabilities (67)",
  };
  f.atr = from_hex("3BFD1300008131FE158073C021C057597562694B657940");
  f.fci_proprietary = from_hex("730906072A864886FC6B01");
  f.cplc = {};
  f.iin = {};
  f.cin = {};
  f.capabilities = {};
  f.card_state = 0x0F;
  f.keys = {test_keys(0xFF, kAes)};
  f.scp02_i = std::nullopt;
  f.scp03_i = uint8_t{0x60};
  f.encrypt_empty_data = true;
  f.content_management = false;
  f.ara_m = AraM::absent;
  f.channels = 1;
  return f;
}

}  // namespace

const std::vector<Flavor>& all_flavors() {
  static const std::vector<Flavor> kAll = {generic(), uicc(), jcop4(), secora(), smartcafe(), yubikey()};
  return kAll;
}

}  // namespace cw::se
