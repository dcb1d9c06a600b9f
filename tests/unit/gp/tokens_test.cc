#include "gp/tokens.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "gp/dap.h"

namespace cw::gp {
namespace {

const Bytes kElf = from_hex("D0D1D2D3D4D501");
const Bytes kInstance = from_hex("D0D1D2D3D4D50101");
const Bytes kSd = from_hex("D4D4D4D4D4010101");

// kaoh/globalplatform, globalplatformTest.c: the input of its RSA-1024 load token.
TEST(Tokens, load_token_input_as_published) {
  EXPECT_EQ(to_hex(load_token_input(
                       {.elf = from_hex("D0D1D2D3D4D501"), .sd = from_hex("D0D1D2D3D4D501"), .hash = Bytes(20, 0x11)}))
                .substr(0, 8),
            "02002607");
  const Bytes hash = from_hex("9C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A4");
  EXPECT_EQ(to_hex(token_input(0x02, 0x00, {kElf, from_hex("020202020202"), hash, {}})),
            "02003107D0D1D2D3D4D50106020202020202209C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A400");
  EXPECT_EQ(load_token_input({kElf, from_hex("020202020202"), hash, {}}),
            token_input(0x02, 0x00, {kElf, from_hex("020202020202"), hash, {}}));
}

// Verified against a token of gpshell3.
TEST(Tokens, install_token_input_as_published) {
  const InstallFields fields{kElf, kInstance, kInstance, from_hex("00"), from_hex("C900")};
  EXPECT_EQ(to_hex(install_token_input(fields, true)),
            "0C001F07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101010002C900");
  EXPECT_EQ(to_hex(install_token_input(fields, false)).substr(0, 6), "04001F");
}

TEST(Tokens, every_other_kind_has_its_header_and_empty_fields) {
  EXPECT_EQ(to_hex(make_selectable_token_input(kInstance, from_hex("00"), {})), "08000E000008D0D1D2D3D4D50101010000");
  EXPECT_EQ(to_hex(extradition_token_input(kSd, kElf, {})), "10001408D4D4D4D4D40101010007D0D1D2D3D4D5010000");
  EXPECT_EQ(to_hex(registry_update_token_input({}, kInstance, from_hex("80C000"), {})),
            "400010000008D0D1D2D3D4D501010380C00000");
  EXPECT_EQ(to_hex(delete_token_input(from_hex("4F07D0D1D2D3D4D501"), true)), "0080094F07D0D1D2D3D4D501");
}

TEST(Tokens, the_combined_input_is_both_parts) {
  const LoadFields load{kElf, kSd, Bytes(32, 0x22), {}};
  const InstallFields install{kElf, kInstance, kInstance, from_hex("00"), from_hex("C900")};
  const std::string both = to_hex(combined_token_input(load, install));
  EXPECT_EQ(both.substr(0, 6), "0E0133");
  EXPECT_NE(both.find("0E031F07"), std::string::npos);
}

TEST(Tokens, long_data_has_a_length_of_three_bytes_and_long_fields_ber) {
  const Bytes parameters = concat({from_hex("C98200F0"), Bytes(0xF0)});
  const std::string input =
      to_hex(install_token_input({kElf, kInstance, kInstance, from_hex("00"), parameters}, false));
  EXPECT_EQ(input.substr(0, 10), "0400000112") << "244 bytes of parameters, 81 F4 before them, 28 bytes of fields";
  EXPECT_NE(input.find("010081F4C98200F0"), std::string::npos);
}

TEST(Tokens, fields_that_no_card_takes_are_refused) {
  EXPECT_THROW(load_token_input({kElf, {}, {}, {}}), Error) << "a load token needs the hash";
  EXPECT_THROW(load_token_input({from_hex("D0D1"), {}, Bytes(32), {}}), Error);
  EXPECT_THROW(install_token_input({kElf, kInstance, kInstance, Bytes(2), {}}, true), Error);
  EXPECT_THROW(extradition_token_input({}, kElf, {}), Error);
  EXPECT_THROW(delete_token_input(Bytes(70000), false), Error);
}

card::Apdu command(const std::string& header, const std::string& data) {
  const Bytes head = from_hex(header);
  return {head[0], head[1], head[2], head[3], from_hex(data), {}};
}

std::string input_of(const card::Apdu& of) { return to_hex(command_token_input(of.p1, of.p2, before_token(of))); }

TEST(Tokens, what_a_whole_command_has_signed_is_found_before_its_token) {
  const std::string fields = "07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101010002C900";
  const std::string published = "0C001F" + fields;
  EXPECT_EQ(input_of(command("80E60C00", fields)), published) << "no token yet";
  EXPECT_EQ(input_of(command("80E60C00", fields + "00")), published);
  EXPECT_EQ(input_of(command("80E60C00", fields + "8180" + std::string(256, 'A'))), published);
  const std::string load = "07D0D1D2D3D4D5010602020202020220" + std::string(64, '9') + "00";
  EXPECT_EQ(input_of(command("80E60200", load + "40" + std::string(128, 'A'))), "020031" + load);
  EXPECT_EQ(input_of(command("80E60E01", load + "00")), "0E0131" + load) << "a combined load has the fields of a load";
  EXPECT_EQ(input_of(command("80E60E03", fields + "00")), "0E031F" + fields);
  EXPECT_EQ(input_of(command("80E40080", "4F07D0D1D2D3D4D5019E02AABB")), "0080094F07D0D1D2D3D4D501");
  EXPECT_EQ(input_of(command("80E40000", "4F07D0D1D2D3D4D501B60393010A")), "00000E4F07D0D1D2D3D4D501B60393010A");
}

TEST(Tokens, a_command_without_tokens_or_with_cut_fields_is_refused) {
  EXPECT_THROW(before_token(command("80E62000", "00000507F0F0F0F0000000")), Error) << "[for personalization]";
  EXPECT_THROW(before_token(command("80D80000", "00")), Error);
  EXPECT_THROW(before_token(command("80E60C00", "07D0D1D2D3D4D50108D0D1")), Error);
  EXPECT_THROW(before_token(command("80E60C00", "FF")), Error);
  EXPECT_THROW(before_token(command("80E40000", "4F")), Error);
}

TEST(Dap, a_block_names_the_domain_and_carries_the_signature) {
  EXPECT_EQ(to_hex(dap_block({kSd, Bytes(16, 0x5A)})), "E21C4F08D4D4D4D4D4010101C310" + to_hex(Bytes(16, 0x5A)));
  EXPECT_EQ(to_hex(dap_block({kSd, Bytes(128, 0x5A)})).substr(0, 32), "E2818D4F08D4D4D4D4D4010101C38180");
  EXPECT_EQ(dap_blocks({{kSd, Bytes(16)}, {kElf, Bytes(16)}}).size(), 30u + 29u);
  EXPECT_TRUE(dap_blocks({}).empty());
  EXPECT_THROW(dap_block({kSd, {}}), Error);
  EXPECT_THROW(dap_block({Bytes(4), Bytes(16)}), Error);
}

}  // namespace
}  // namespace cw::gp
