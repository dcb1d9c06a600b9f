// The key server without a network: accreditation, KEKs and master keys; SOAP and JSON; the audit's chain.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/key_wrap.h"
#include "issuer/key_server_audit.h"
#include "issuer/key_server_desk.h"
#include "issuer/key_server_soap.h"
#include "story.h"

namespace cw::issuer {
namespace {

const std::string kMaster = "404142434445464748494A4B4C4D4E4F";
constexpr int64_t kDay = 86'400'000;
constexpr int64_t kFirstDay = 1'767'225'600'000;  // 2026-01-01

const char* const kFile = R"({
  "listen": "127.0.0.1:0", "keys": "keys", "audit": "audit",
  "tls": { "certificate": "c", "key": "k", "authorities": ["a"] },
  "tsms": {
    "acme": { "subject": "CN=acme", "from": "2026-01-01", "until": "2026-01-31", "cards": ["0001", "02"],
              "keks": { "1": { "key": "acme.kek" }, "2": { "key": "acme.des", "wrap": "des-ecb" } } },
    "other": { "subject": "CN=other", "from": "2026-01-01", "until": "2026-01-01", "cards": ["00"],
               "keks": { "7": { "key": "other.kek" } } }
  },
  "masters": {
    "range": { "cards": "00", "version": "30", "keys": "range.aes", "method": "kdf3" },
    "scp03": { "cards": "0001", "version": "30", "keys": "master.aes", "method": "kdf3" },
    "scp02": { "cards": "0001", "version": "20", "keys": "master.des", "method": "visa2" }
  }
})";

std::string key_file() {
  const auto master = [](const std::string& name, const char* type, const std::string& key) {
    const std::string method = name == "master.des" ? "visa2" : "kdf3";
    return "[" + name + "]\ntype = " + type + "\nversion = 30\nmaster = " + key + "\ndiversification = " + method +
           "\n";
  };
  return master("master.aes", "aes", kMaster) + master("master.des", "des", kMaster) +
         master("range.aes", "aes", "909192939495969798999A9B9C9D9E9F") +
         "[acme.kek]\ntype = aes\nkey = B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF\n"
         "[acme.des]\ntype = des\nkey = C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF\n"
         "[other.kek]\ntype = aes\nkey = D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF\n";
}

struct Server {
  Server() {
    const ReadKeyServerConfiguration read = parse_key_server_configuration(kFile, "");
    for (const std::string& problem : read.problems) ADD_FAILURE() << problem;
    configuration = read.configuration;
  }
  const Tsm& acme() const { return *desk.tsm("CN=acme"); }

  KeyServerConfiguration configuration{};
  crypto::FileKeyStore keys = crypto::FileKeyStore::parse(Secret::copy(view(key_file())), "keys");
  KeyServerDesk desk{configuration, keys};
};

DiversifiedKeysRequest asked(const std::string& key_data, const std::string& version, const std::string& type,
                             unsigned kek) {
  std::string template_e0 = "E012";
  for (const char* id : {"01", "02", "03"}) template_e0 += std::string("C004") + id + version + type + "10";
  return request_of({{}, key_data, template_e0, {}, std::to_string(kek)});
}

Refusal why(const KeyServerAnswer& answer) { return std::get<Refused>(answer).why; }
Refusal why(const ReadRequest& read) { return std::get<Refused>(read).why; }
std::string message(const ReadRequest& read) { return std::get<Refused>(read).message; }

std::string kcvs(const DiversifiedKeys& keys) {
  return to_hex(keys.kcvs[0]) + " " + to_hex(keys.kcvs[1]) + " " + to_hex(keys.kcvs[2]);
}

const std::string kCard = "00010203040506070809";

// GlobalPlatformPro, TestPlaintextKeys.java: the same master key and diversification data.
TEST(KeyServer, the_keys_of_a_card_are_those_of_the_published_vectors) {
  const Server server;
  const auto aes = std::get<DiversifiedKeys>(server.desk.answer(server.acme(), asked(kCard, "30", "88", 1)));
  EXPECT_EQ(kcvs(aes), "E79C05 D1BD77 3FDE8C");
  EXPECT_EQ(aes.version, 0x30);
  EXPECT_EQ(aes.type, crypto::KeyType::aes);
  const auto des = std::get<DiversifiedKeys>(server.desk.answer(server.acme(), asked(kCard, "20", "80", 2)));
  EXPECT_EQ(kcvs(des), "2BE598 58DA38 3C328E");
  EXPECT_EQ(des.type, crypto::KeyType::des);
}

TEST(KeyServer, what_is_wrapped_comes_out_under_the_kek_of_its_index_alone) {
  const Server server;
  const auto keys = std::get<DiversifiedKeys>(server.desk.answer(server.acme(), asked(kCard, "30", "88", 1)));
  const crypto::WrappedKey expected{crypto::KeyType::aes, 16, keys.kcvs[0]};
  const auto form = crypto::WrapForm::aes_key_wrap;
  EXPECT_NO_THROW(crypto::unwrap_key(*server.keys.find_key("acme.kek"), form, expected, keys.wrapped[0]));
  EXPECT_THROW(crypto::unwrap_key(*server.keys.find_key("other.kek"), form, expected, keys.wrapped[0]), Error);
}

// What a card shows is a stranger's word, and travels here as it stands.
TEST(KeyServer, key_information_that_no_card_has_is_refused_and_nothing_else_happens) {
  const Server server;
  const auto answer = [&](const std::string& information) {
    return server.desk.answer(server.acme(), request_of({{}, kCard, information, {}, "1"}));
  };
  const std::string good = "C00401308810C00402308810C00403308810";
  EXPECT_TRUE(std::holds_alternative<DiversifiedKeys>(answer("E012" + good)));
  // A key without a component ahead of the good ones, one twice, keys of two lengths, one with two components.
  for (const std::string& bad :
       {"E016C0020130" + good, "E018C00401308810" + good, std::string("E012C00401308820C00402308810C00403308810"),
        std::string("E014C006013088108810C00402308810C00403308810")}) {
    EXPECT_EQ(why(answer(bad)), Refusal::unknown_card) << bad;
  }
}

TEST(KeyServer, a_tsm_may_be_told_by_who_signed_its_certificate_too) {
  Server server;
  server.configuration.tsms[0].issuer = "CN=our authority";
  const KeyServerDesk desk(server.configuration, server.keys);
  EXPECT_NE(desk.tsm("CN=acme", "CN=our authority"), nullptr);
  EXPECT_EQ(desk.tsm("CN=acme", "CN=another"), nullptr);
  EXPECT_NE(desk.tsm("CN=other", "CN=another"), nullptr);
}

TEST(KeyServer, its_own_url_is_known_with_a_slash_at_its_end_and_without) {
  Server server;
  server.configuration.url = "https://keys.example/keyserver/";
  const KeyServerDesk desk(server.configuration, server.keys);
  DiversifiedKeysRequest request = asked(kCard, "30", "88", 1);
  for (const char* url : {"https://keys.example/keyserver", "https://keys.example/keyserver/", ""}) {
    request.url = url;
    EXPECT_TRUE(std::holds_alternative<DiversifiedKeys>(desk.answer(server.acme(), request))) << url;
  }
  request.url = "https://keys.example/keyserver2";
  EXPECT_EQ(why(desk.answer(server.acme(), request)), Refusal::malformed);
}

TEST(KeyServer, master_keys_for_fewer_cards_go_before_those_for_more) {
  const Server server;
  const auto near = std::get<DiversifiedKeys>(server.desk.answer(server.acme(), asked(kCard, "30", "88", 1)));
  Tsm all = server.acme();
  all.cards = {{0x00}};
  const auto far = std::get<DiversifiedKeys>(server.desk.answer(all, asked("00020203040506070809", "30", "88", 1)));
  EXPECT_EQ(kcvs(near), "E79C05 D1BD77 3FDE8C");
  EXPECT_NE(kcvs(far), kcvs(near));
}

TEST(KeyServer, what_it_does_not_know_or_may_not_give_is_refused_by_name) {
  const Server server;
  const auto refused = [&](const DiversifiedKeysRequest& request) {
    return why(server.desk.answer(server.acme(), request));
  };
  EXPECT_EQ(refused(asked(kCard, "30", "88", 9)), Refusal::unknown_kek);
  EXPECT_EQ(refused(asked(kCard, "30", "88", 7)), Refusal::unknown_kek) << "that of another TSM";
  EXPECT_EQ(refused(asked(kCard, "31", "88", 1)), Refusal::unknown_card);
  EXPECT_EQ(refused(asked(kCard, "30", "80", 1)), Refusal::unknown_card) << "DES keys, and the master key is AES";
  EXPECT_EQ(refused(asked("02010203040506070809", "30", "88", 1)), Refusal::unknown_card);
  EXPECT_EQ(refused(asked("00020203040506070809", "30", "88", 1)), Refusal::not_accredited);
  EXPECT_EQ(server.desk.tsm("CN=nobody"), nullptr);
}

TEST(KeyServer, an_accreditation_lasts_from_its_first_day_to_the_end_of_its_last) {
  const Server server;
  EXPECT_TRUE(KeyServerDesk::refuse(server.acme(), kFirstDay - 1));
  EXPECT_FALSE(KeyServerDesk::refuse(server.acme(), kFirstDay));
  EXPECT_FALSE(KeyServerDesk::refuse(server.acme(), kFirstDay + 31 * kDay - 1));
  EXPECT_TRUE(KeyServerDesk::refuse(server.acme(), kFirstDay + 31 * kDay));
}

std::string envelope(const std::string& inside,
                     const std::string& space = "http://schemas.xmlsoap.org/soap/envelope/") {
  return "<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>\n<!-- from a tool --><e:Envelope xmlns:e=\"" +
         space + "\"><e:Body><WSGetDiversifiedKeys xmlns=\"urn:any\">" + inside +
         "</WSGetDiversifiedKeys></e:Body></e:Envelope>\n";
}
const std::string kAsked =
    "<url/><keyData> 00010203040506070809\n</keyData><keyInformation>E006C00401308810</keyInformation>"
    "<sequenceCounter>0001</sequenceCounter><kekIndex>3</kekIndex><more a='&lt;&#x20;'/>";

TEST(KeyServerSoap, a_request_is_read_by_local_names) {
  std::string text = kAsked;
  text.replace(text.find("&#x20;"), 6, "&amp;");
  const auto read = parse_soap_request(envelope(text), SoapVersion::v11);
  const auto& request = std::get<DiversifiedKeysRequest>(read);
  EXPECT_EQ(to_hex(request.key_data), kCard);
  EXPECT_EQ(request.key_information.size(), 1U);
  EXPECT_EQ(to_hex(request.sequence_counter), "0001");
  EXPECT_EQ(request.kek, 3U);
  EXPECT_EQ(why(parse_soap_request(envelope(text), SoapVersion::v12)), Refusal::soap_version);
  EXPECT_EQ(why(parse_soap_request(envelope(kAsked), SoapVersion::v11)), Refusal::malformed) << "&#x20;";
}

TEST(KeyServerSoap, what_is_no_small_xml_is_refused_and_nothing_grows) {
  std::string deep, wide = "<a>", laughs = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
  for (int i = 0; i < 20'000; ++i) deep += "<a>";
  for (int i = 0; i < 300; ++i) wide += "<b/>";
  const std::pair<std::string, const char*> wrong[] = {
      {"", "an element was to come"},
      {laughs, "document type"},
      {deep, "8 levels"},
      {wide + "</a>", "256 elements"},
      {std::string(65'537, ' '), "64 KiB"},
      {"<?xml version='1.1'?><a/>", "XML 1.0"},
      {"<?xml version='1.0' encoding='UTF-16'?><a/>", "encoding"},
      {"<a><?php x?></a>", "processing instruction"},
      {"<a><![CDATA[x]]></a>", "CDATA"},
      {"<a>&c;</a>", "entity"},
      {"<a>&#65;</a>", "entity"},
      {"<a>&amp</a>", "entity"},
      {"<a b='<'/>", "has a <"},
      {"<a b='1' b='2'/>", "twice"},
      {"<a b/>", "no value"},
      {"<a></b>", "another name"},
      {"<a></ab>", "another name"},
      {"<a><!-- -- --></a>", "--"},
      {"<a><!--", "does not end"},
      {"<a/><a/>", "follows"},
      {"<a>]]></a>", "]]>"},
      {"<a>\xC0\x80</a>", "UTF-8"},
      {"<a>\xED\xA0\x80</a>", "UTF-8"},
      {"<a>\xE2\x82", "UTF-8"},
      {"<1/>", "name"},
      {"<a:/>", "name"},
      {"<", "name"},
      {"<a", "tag does not end"},
      {"<a/>", "no SOAP Envelope"},
  };
  for (const auto& [text, part] : wrong) {
    const auto read = parse_soap_request(text, SoapVersion::v11);
    ASSERT_TRUE(std::holds_alternative<Refused>(read)) << text.substr(0, 60);
    EXPECT_EQ(why(read), Refusal::malformed);
    EXPECT_NE(message(read).find(part), std::string::npos) << text.substr(0, 60) << ": " << message(read);
  }
}

TEST(KeyServerSoap, what_stands_in_a_fault_is_text) {
  const Refused refused{Refusal::unknown_kek, "no <b>&\"\xC3\xA4\n."};
  const std::string v11 = to_soap(refused, SoapVersion::v11), v12 = to_soap(refused, SoapVersion::v12);
  EXPECT_NE(v11.find("<faultcode>soap:Client</faultcode><faultstring>no &lt;b&gt;&amp;&quot;???.</faultstring>"),
            std::string::npos)
      << v11;
  EXPECT_NE(v12.find("<soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value>ks:UnknownKek</soap:Value>"),
            std::string::npos)
      << v12;
}

TEST(KeyServerAudit, a_chain_goes_on_after_a_restart_and_a_change_is_seen) {
  const Folder folder;
  AuditedRequest one;
  one.time = kFirstDay + 7;
  one.tsm = "acme";
  one.outcome = "answered";
  one.why = "\"line\"\n,\"hash\":\"";
  {
    KeyServerAudit audit(folder / "audit");
    audit.add(one);
    audit.add(one);
    EXPECT_THROW(KeyServerAudit(folder / "audit"), Error) << "two at the same time";
  }
  {
    KeyServerAudit audit(folder / "audit");
    EXPECT_EQ(audit.size(), 2U);
    audit.add(one);
  }
  std::string text = to_string(read_file(folder / "audit"));
  EXPECT_TRUE(text.starts_with("{\"number\":1,\"time\":\"2026-01-01T00:00:00.007Z\",\"tsm\":\"acme\"")) << text;
  std::ofstream(folder / "audit", std::ios::app) << "{\"number\":4,";
  EXPECT_EQ(KeyServerAudit(folder / "audit").size(), 3U);
  EXPECT_EQ(to_string(read_file(folder / "audit")), text);
  text.replace(text.rfind("acme"), 4, "nobo");
  std::ofstream(folder / "audit") << text;
  try {
    const KeyServerAudit audit(folder / "audit");
    ADD_FAILURE() << "the change was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::store);
    EXPECT_NE(error.message().find("broken at line 3"), std::string::npos) << error.message();
  }
}

TEST(KeyServerAudit, what_is_no_file_is_no_audit) {
  EXPECT_THROW(KeyServerAudit("/dev/full"), Error);
  EXPECT_THROW(KeyServerAudit("/nowhere/audit"), Error);
}

}  // namespace
}  // namespace cw::issuer
