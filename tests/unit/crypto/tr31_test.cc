#include "crypto/tr31.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::crypto {
namespace {

std::shared_ptr<const Key> key(KeyType type, std::string_view hex) {
  return make_key(type, Secret::copy(from_hex(hex)));
}

std::string refusal(const Key& protection, std::string_view block) {
  try {
    tr31_unwrap(protection, block);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message();
  }
  return "accepted";
}

struct Published {
  const char* protection;
  const char* block;
  const char* key;
  const char* kcv;
};

// TR-31:2018 A.7.2.2, A.7.3.2 and A.7.4, and blocks that a payShield 10K made: as openemv/tr31 has them in
// test/tr31_decrypt_test.c.
constexpr Published kPublished[] = {
    {"DD7515F2BFC17F85CE48F3CA25CB21F6",
     "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E",
     "3F419E1CB7079442AA37474C2EFBF8B8", "57C409"},
    {"1D22BF32387C600AD97F9B97A51311AC",
     "B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627",
     "E8BC63E5479455E26577F715D587FE68", "9A4212"},
    {"EFE0853B256B583D868F251CE99EA1D9",
     "B0080K0TN00N00001C414014375212C24995E405B5EE052CB92B67F455EA2680F6751088F9F1C228",
     "5DB50B454F8389ADCE573BE50861F2BF", "5C9405"},
    {"88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
     "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
     "3F419E1CB7079442AA37474C2EFBF8B8", "08793E"},
    {"4141414141414141414141414141414141414141414141414141414141414141",
     "D0112B0TN00N000037DB9B046B7B0048785690759580ABC3B9842AB4BB7717B49E92528E575785D8123559376A2553B27BE94F054F4E971C",
     "1FA1F7CEC798D91545DA8AE0C7796BD9", "FF5087"},
    {"4141414141414141414141414141414141414141414141414141414141414141",
     "D0144D0AN00N0000127862F945C2DED04530FAF7CDBC8B0BA10C7AA79BD5E0C2C5D6AC173BF588E4B19ACF1357178D50EA0AB193228E1395"
     "8304FC6149632DFDCADF3A5B3D57E814",
     "BE19E6A07A760F10EF8E83A226B63AAD141F463FDDD4F47DB244B4023EC3CACC", "0A00E3"},
};

KeyType type_of(const Published& one) { return one.block[0] == 'D' ? KeyType::aes : KeyType::des; }

TEST(Tr31, opens_published_key_blocks) {
  for (const Published& one : kPublished) {
    const Tr31Key opened = tr31_unwrap(*key(type_of(one), one.protection), one.block);
    EXPECT_TRUE(matches(opened.key->material(), from_hex(one.key))) << one.block;
    // Theirs of AES keys are CMACs.
    const bool by_ecb = opened.key->type() == KeyType::des;
    EXPECT_EQ(by_ecb ? opened.key->kcv() : from_hex(one.kcv), from_hex(one.kcv));
    EXPECT_EQ(opened.head.usage, std::string(one.block + 5, 2));
    EXPECT_EQ(opened.head.mode, one.block[8]);
    EXPECT_EQ(opened.head.exportability, one.block[11]);
  }
}

TEST(Tr31, refuses_a_block_with_any_character_changed_and_one_that_was_cut) {
  for (const Published& one : kPublished) {
    const auto protection = key(type_of(one), one.protection);
    const std::string block = one.block;
    for (size_t i = 0; i < block.size(); ++i) {
      std::string changed = block;
      changed[i] = changed[i] == '1' ? '2' : '1';
      EXPECT_NE(refusal(*protection, changed), "accepted") << changed;
      EXPECT_NE(refusal(*protection, block.substr(0, i)), "accepted") << i;
    }
    EXPECT_NE(refusal(*protection, block + "00").find("length"), std::string::npos);
  }
}

TEST(Tr31, makes_blocks_that_it_opens_again) {
  const std::string bytes = "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F";
  for (const size_t kek : {16, 24, 32}) {
    for (const KeyType kek_type : {KeyType::des, KeyType::aes}) {
      if (kek == 32 && kek_type == KeyType::des) continue;
      const auto protection = key(kek_type, bytes.substr(0, 2 * kek));
      for (const auto& wrapped : {key(KeyType::des, bytes.substr(32)), key(KeyType::des, bytes.substr(16)),
                                  key(KeyType::aes, bytes.substr(32)), key(KeyType::aes, bytes)}) {
        const std::string block = tr31_wrap(*protection, {"K0", 'B', "12", 'S'}, *wrapped);
        EXPECT_EQ(block[0], kek_type == KeyType::aes ? 'D' : 'B');
        const Tr31Key back = tr31_unwrap(*protection, block);
        EXPECT_TRUE(same_key(*back.key, *wrapped)) << block;
        EXPECT_EQ(back.head.version, "12");
        EXPECT_EQ(block.find("4041424344"), std::string::npos);
      }
    }
  }
}

TEST(Tr31, says_what_is_wrong) {
  const auto aes = key(KeyType::aes, kPublished[3].protection), other = key(KeyType::aes, kPublished[4].protection);
  const std::string good = kPublished[3].block;
  EXPECT_NE(refusal(*other, good).find("MAC is wrong"), std::string::npos);
  EXPECT_NE(refusal(*aes, kPublished[0].block).find("under an AES key version D"), std::string::npos);
  EXPECT_NE(refusal(*aes, "").find("0 characters"), std::string::npos);
  EXPECT_NE(refusal(*aes, "D0112P0AE00E9900" + good.substr(16)).find("optional block"), std::string::npos);
  EXPECT_NE(refusal(*aes, "D01x2" + good.substr(5)).find("no number"), std::string::npos);
  EXPECT_THROW(tr31_wrap(*aes, {"K", 'B', "00", 'S'}, *other), Error);
}

TEST(Tr31, an_optional_block_whose_length_is_no_number_is_refused) {
  const Published& one = kPublished[1];
  const auto protection = make_key(KeyType::des, Secret::take(from_hex(one.protection)));
  for (const char* length : {"--", "  ", "-1", "1-"}) {
    std::string block = one.block;
    block.replace(block.find("KS18"), 4, std::string("KS") + length);
    EXPECT_THROW(tr31_unwrap(*protection, block), Error) << length;
  }
}

}  // namespace
}  // namespace cw::crypto
