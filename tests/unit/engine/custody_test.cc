// What custody makes behind the names of keys that sign. The token is kaoh/globalplatform's own over the same load.
#include "engine/custody.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::engine {
namespace {

const char* const kModulus =
    "AE3866981CB87C56B694DA18D7CEAA45CC5A5AE5AFC3F5A2C730C3C5771DC02E"
    "BC0E09223AF1E439E3BB49B8035803F73B61AFE45D314541C0EBDE382A1CAFE8"
    "FE2F4E77FBE27B76CE736FD6A9D8755BDADAFB5B83B450CECD4F9320146DBADA"
    "4A716AB49CD22DD631A71D04304D9DB3350604DB550E8C0C6F6E96E156025EDF";
const char* const kPrivate =
    "01075E3BB9B7B12C45E9BD1BF67246F9208ACC0C9D2C18103D02E1B511CE002B"
    "867AC2BD0C020FA9F3D9504720E5ED281196B3163322AE59040DA0834E645AF9"
    "8FBED6EC6224E02C10DF21E57AF7BF55CDBFA28D44C4BDE076DBC9EB2B0BA62D"
    "ECA943DA2DECBB0E8FE6A15777C039F12FA1F4EAA68D51FE6AA463B182FF89F9";
const std::string kKeys = std::string("[issuer.token]\ntype = rsa\nexponent = 010001\nmodulus = ") + kModulus +
                          "\nprivate = " + kPrivate + R"(
[acme.dap]
type = ec
curve = p256
private = 839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D
[isd]
type = aes
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
)";

const char* const kLoadFields =
    "07D0D1D2D3D4D50106020202020202209C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A400";
const char* const kToken =
    "0AD0701C8C9FA0AFA16E46A20406E062EDD1C9C1BAC20098DBACA15B81C67B7A"
    "B6300C39D3F751AC42BC719F61010904C2066E521446B125145525F6E1939BCE"
    "3843A65D033328ACB741D8A6AB87E258D4F99CCF3E11D8C8FCE6536969EA598E"
    "50B425D225A619D4D94FE6A74E366D2821CAAFE28843CFB714B1FDB971CC985D";

class CustodyOfSigners : public testing::Test {
 protected:
  host::Command install(const std::string& fields, const host::TokenPart& token) const {
    host::Command command{0x80, 0xE6, 0x02, 0x00, host::Data(from_hex(fields)), 256};
    command.data.add(token);
    return command;
  }
  std::string refusal(const host::Command& command) const {
    try {
      custody.resolve(command, nullptr, {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.message();
    }
    return "made";
  }

  crypto::FileKeyStore store = crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "keys");
  std::map<std::string, Secret> secrets{};
  Custody custody{store, secrets};
};

TEST_F(CustodyOfSigners, the_load_token_is_the_one_that_kaoh_publishes) {
  const card::Apdu apdu = custody.resolve(install(kLoadFields, {"issuer.token", {}}), nullptr, {}).apdu;
  EXPECT_EQ(to_hex(apdu.data), std::string(kLoadFields) + "8180" + kToken);
}

TEST_F(CustodyOfSigners, a_delete_signs_what_is_before_the_tag) {
  host::Command command{0x80, 0xE4, 0x00, 0x00, host::Data(from_hex("4F07D0D1D2D3D4D5019E")), 256};
  command.data.add(host::TokenPart{"acme.dap", {}});
  const card::Apdu apdu = custody.resolve(command, nullptr, {}).apdu;
  EXPECT_EQ(to_hex(ByteView(apdu.data).first(11)), "4F07D0D1D2D3D4D5019E40");
  EXPECT_TRUE(store.find_signing_key("acme.dap")
                  ->verify(from_hex("0000094F07D0D1D2D3D4D501"), ByteView(apdu.data).subspan(11)));
  EXPECT_EQ(custody.resolve(command, nullptr, {}).apdu, apdu) << "the same token, so that a run can be made again";
}

TEST_F(CustodyOfSigners, a_token_is_the_end_of_whole_fields_and_of_bytes_alone) {
  EXPECT_NE(refusal(install("07D0D1", {"issuer.token", {}})).find("cut"), std::string::npos);
  EXPECT_NE(refusal(install(std::string(kLoadFields) + "00", {"issuer.token", {}})).find("between"), std::string::npos);
  EXPECT_NE(refusal(install(kLoadFields, {"isd", {}})).find("no key that signs 'isd'"), std::string::npos);
  host::Command wrong = install(kLoadFields, {"issuer.token", {}});
  wrong.ins = 0xE8;
  EXPECT_NE(refusal(wrong).find("only INSTALL and DELETE"), std::string::npos);
}

TEST_F(CustodyOfSigners, a_dap_block_is_over_the_data_block_and_comes_in_stretches) {
  const Bytes block = to_bytes(std::string_view("a load file data block"));
  auto file = std::make_shared<host::File>();
  file->name = "x.cap";
  file->content = concat({Bytes{0xC4, static_cast<uint8_t>(block.size())}, block});
  file->sha256 = crypto::digest(crypto::Hash::sha256, file->content);
  const auto stretch = [&](uint32_t offset, uint32_t size) {
    host::Command load{0x80, 0xE8, 0x00, 0x00, {}, 256};
    load.data.add(host::DapPart{"acme.dap", from_hex("A000000151000000"), file, 32, offset, size});
    return custody.resolve(load, nullptr, {}).apdu.data;
  };
  const Bytes whole = stretch(0, 78);
  EXPECT_EQ(to_hex(ByteView(whole).first(14)), "E24C4F08A000000151000000C340");
  EXPECT_TRUE(store.find_signing_key("acme.dap")
                  ->verify(crypto::digest(crypto::Hash::sha256, block), ByteView(whole).subspan(14)));
  EXPECT_EQ(concat({stretch(0, 50), stretch(50, 28)}), whole);
  EXPECT_THROW(stretch(0, 79), Error);
}

TEST_F(CustodyOfSigners, a_key_that_signs_tells_its_type_and_the_size_of_its_signatures) {
  EXPECT_EQ(custody.info("issuer.token").type, "rsa");
  EXPECT_EQ(custody.info("issuer.token").size, 128u);
  EXPECT_EQ(custody.info("acme.dap").type, "ec");
  EXPECT_EQ(custody.info("acme.dap").size, 64u);
  EXPECT_EQ(custody.info("isd").kcvs.size(), 3u);
}

}  // namespace
}  // namespace cw::engine
