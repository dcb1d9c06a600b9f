// A token that is taken away in the middle, and comes back.
#include "base/error.h"
#include "base/hex.h"
#include "crypto/aes.h"
#include "soft_token.h"

namespace cw::crypto {
namespace {

template <typename Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::store) << error.message();
    return error.message();
  }
  return "accepted";
}

class GoneToken : public SoftToken {
 protected:
  void SetUp() override {
    SoftToken::SetUp();
    if (IsSkipped()) return;
    ::setenv("CW_TOKEN_FAULT", fault().c_str(), 1);
    store = Pkcs11KeyStore::open(uri(CW_FAULTY_TOKEN));
    for (const std::string& name : store->names()) store->destroy(name);
    store->put({{.name = "kek", .purpose = KeyPurpose::kek}, {software}, {}});
  }
  void TearDown() override { std::filesystem::remove(fault()); }

  static std::filesystem::path fault() { return folder() / "gone"; }
  static void take_away() { std::ofstream(fault()) << "x"; }
  static void bring_back() { std::filesystem::remove(fault()); }

  std::shared_ptr<const Key> software = make_key(KeyType::aes, Secret::copy(Bytes(16, 0x40)));
  std::shared_ptr<Pkcs11KeyStore> store;
  const Bytes context = Bytes(16, 7);
};

TEST_F(GoneToken, says_so_once_and_is_used_again_when_it_is_back) {
  const auto key = store->find_key("kek");
  const Aes session = key->scp03_session(6, context);
  const Block16 right = session.cmac(context);
  take_away();
  EXPECT_NE(refusal([&] { session.cmac(context); }).find("does not answer (CKR_DEVICE_REMOVED)"), std::string::npos);
  EXPECT_NE(refusal([&] { session.cmac(context); }).find("does not answer"), std::string::npos);
  EXPECT_NE(refusal([&] { key->scp03_session(6, context); }).find("does not answer"), std::string::npos);
  EXPECT_NE(refusal([&] { store->find("isd"); }).find("does not answer"), std::string::npos);
  bring_back();
  EXPECT_NE(refusal([&] { session.cmac(context); }).find("is gone"), std::string::npos);
  EXPECT_EQ(key->scp03_session(6, context).cmac(context), right);
  EXPECT_TRUE(same_key(*key, *software));
}

TEST_F(GoneToken, leaves_nothing_half_stored) {
  take_away();
  refusal([&] { store->put({{.name = "half", .purpose = KeyPurpose::channel}, {software, software, software}, {}}); });
  refusal([&] { store->generate({.name = "half", .purpose = KeyPurpose::kek}, false); });
  bring_back();
  EXPECT_EQ(store->find_key("kek")->size(), 16u);
  EXPECT_EQ(Pkcs11KeyStore::open(uri())->names(), (std::vector<std::string>{"kek"}));
}

TEST_F(GoneToken, gives_its_session_keys_back_when_channels_end) {
  const auto key = store->find_key("kek");
  for (int i = 0; i < 2000; ++i) key->scp03_session(6, context);
  EXPECT_EQ(key->scp03_session(6, context).cmac(context), software->scp03_session(6, context).cmac(context));
}

}  // namespace
}  // namespace cw::crypto
