// Channel openings with keys in software and in a token, beside the operations that the token cannot do without, called
// bare in the same run. Prints rows of docs/PERFORMANCE.md.
//
//   custody_bench URI [--seconds N]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/pkcs11_store.h"
#include "gp/channel.h"

namespace {

using namespace cw;
using Clock = std::chrono::steady_clock;

/// A published opening (tests/vectors/scp03-sessions.json, scp03-kaoh-send-apdu-rmac-rencryption).
const char* const kKey = "404142434445464748494A4B4C4D4E4F";
const char* const kHostChallenge = "2C8130E574247B1B";
const char* const kAnswer = "00010203040506070809000370A5874C57119B976BF94879E36F29E039000001";

double seconds = 2;

/// How often a second, over `seconds`, on so many threads.
template <typename Work>
double rate(int threads, const Work& work) {
  work();
  std::vector<std::thread> all;
  std::vector<uint64_t> counts(threads);
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      while (Clock::now() < end) {
        work();
        ++counts[t];
      }
    });
  }
  uint64_t sum = 0;
  for (int t = 0; t < threads; ++t) {
    all[t].join();
    sum += counts[t];
  }
  return static_cast<double>(sum) / seconds;
}

void open_once(const crypto::KeySet& keys) {
  static const Bytes challenge = from_hex(kHostChallenge);
  static const auto answer = gp::InitializeUpdateAnswer::parse(from_hex(kAnswer), 8);
  gp::Channel::open(keys, challenge, answer, 0x33)->external_authenticate();
}

void demand(CK_RV result, const char* what) {
  if (result == CKR_OK) return;
  std::fprintf(stderr, "%s: error %lX\n", what, result);
  std::exit(1);
}

/// The same token without anything of ours: three session keys derived (a block encrypted for each), three CMACs, three
/// objects destroyed.
class Bare {
 public:
  explicit Bare(const crypto::Pkcs11Uri& uri) {
    void* module = ::dlopen(uri.module_path.c_str(), RTLD_NOW | RTLD_LOCAL);
    reinterpret_cast<CK_C_GetFunctionList>(::dlsym(module, "C_GetFunctionList"))(&call_);
    call_->C_Initialize(nullptr);
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    demand(call_->C_GetSlotList(CK_TRUE, slots, &count), "listing tokens");
    demand(call_->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_),
           "a session");
    // The store of this process is logged in, and so is its every session.
    CK_ATTRIBUTE wanted = {CKA_LABEL, const_cast<char*>("bench.enc"), 9};
    demand(call_->C_FindObjectsInit(session_, &wanted, 1), "looking up");
    demand(call_->C_FindObjects(session_, &key_, 1, &count), "looking up");
    call_->C_FindObjectsFinal(session_);
  }

  void once() {
    for (int i = 0; i < 3; ++i) {
      encrypt();
      const CK_OBJECT_HANDLE made = derive();
      mac(made);
      demand(call_->C_DestroyObject(session_, made), "destroying");
    }
  }

 private:
  void encrypt() {
    CK_MECHANISM ecb = {CKM_AES_ECB, nullptr, 0};
    CK_ULONG size = 16;
    demand(call_->C_EncryptInit(session_, &ecb, key_), "encrypting");
    demand(call_->C_Encrypt(session_, block_, 16, block_, &size), "encrypting");
  }
  CK_OBJECT_HANDLE derive() {
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_KEY_TYPE aes = CKK_AES;
    CK_ULONG length = 16;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &aes, sizeof aes},  {CKA_VALUE_LEN, &length, sizeof length},
        {CKA_TOKEN, &no, sizeof no},         {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_SIGN, &yes, sizeof yes},        {CKA_ENCRYPT, &yes, sizeof yes}};
    CK_KEY_DERIVATION_STRING_DATA data = {block_, 16};
    CK_MECHANISM by = {CKM_AES_ECB_ENCRYPT_DATA, &data, sizeof data};
    CK_OBJECT_HANDLE made = 0;
    demand(call_->C_DeriveKey(session_, &by, key_, wanted, 8, &made), "deriving");
    return made;
  }
  void mac(CK_OBJECT_HANDLE key) {
    CK_MECHANISM cmac = {CKM_AES_CMAC, nullptr, 0};
    CK_BYTE out[16];
    CK_ULONG size = sizeof out;
    demand(call_->C_SignInit(session_, &cmac, key), "signing");
    demand(call_->C_Sign(session_, message_, sizeof message_, out, &size), "signing");
  }

  CK_FUNCTION_LIST* call_ = nullptr;
  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE key_ = 0;
  CK_BYTE block_[16] = {};
  CK_BYTE message_[32] = {};
};

void row(const char* what, double measured, const std::string& floor, double ratio) {
  std::printf("| %s | %.0f /s | %s | ", what, measured, floor.c_str());
  if (ratio > 0) {
    std::printf("%.2f |  |\n", ratio);
  } else {
    std::printf(" |  |\n");
  }
}

int measure(const std::string& where) {
  const auto key = crypto::make_key(crypto::KeyType::aes, Secret::copy(from_hex(kKey)));
  const crypto::Pkcs11Uri uri = crypto::parse_pkcs11_uri(where);
  const auto store = crypto::Pkcs11KeyStore::open(uri);
  store->put({{.name = "bench"}, {key, key, key}, {}});
  crypto::KeySet software{.name = "bench"};
  software.enc = software.mac = software.dek = key;
  const crypto::KeySet token = store->find("bench");

  Bare bare(uri);
  const double in_software = rate(1, [&] { open_once(software); });
  const double floor = rate(1, [&] { bare.once(); });
  const double one = rate(1, [&] { open_once(token); });
  const double four = rate(4, [&] { open_once(token); });
  char text[64];
  std::snprintf(text, sizeof text, "bare operations %.0f /s", floor);
  row("open a channel, EXTERNAL AUTHENTICATE with it: keys in software", in_software, "", 0);
  row("the same, keys in SoftHSM2, one run", one, text, one / floor);
  row("the same, four runs at once", four, text, four / floor);
  store->destroy("bench");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (argc == 4) seconds = std::atof(argv[3]);
  try {
    return measure(argv[1]);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.message().c_str());
    return 1;
  }
}
