// A PKCS#11 module that is SoftHSM2, until its token is taken away: while the file exists that CW_TOKEN_FAULT names, or
// after as many operations as CW_TOKEN_FAULT_AFTER says, everything answers CKR_DEVICE_REMOVED.
#include <atomic>
#include <cstdlib>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

namespace {

CK_FUNCTION_LIST* real() {
  static CK_FUNCTION_LIST* functions = [] {
    CK_FUNCTION_LIST* out = nullptr;
    void* module = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
    const auto get =
        module == nullptr ? nullptr : reinterpret_cast<CK_C_GetFunctionList>(::dlsym(module, "C_GetFunctionList"));
    if (get != nullptr) get(&out);
    return out;
  }();
  return functions;
}

bool gone() {
  static std::atomic<long> operations = 0;
  const char* file = std::getenv("CW_TOKEN_FAULT");
  const char* after = std::getenv("CW_TOKEN_FAULT_AFTER");
  if (file != nullptr && ::access(file, F_OK) == 0) return true;
  return after != nullptr && ++operations > std::atol(after);
}

/// The real function behind a member of the list, unless the token is gone.
template <auto kMember>
struct Guarded;
template <typename... Args, CK_RV (*CK_FUNCTION_LIST::*kMember)(Args...)>
struct Guarded<kMember> {
  static CK_RV call(Args... args) { return gone() ? CKR_DEVICE_REMOVED : (real()->*kMember)(args...); }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** out) {
  if (real() == nullptr) return CKR_GENERAL_ERROR;
  static CK_FUNCTION_LIST list = [] {
    CK_FUNCTION_LIST made = *real();
    made.C_GetSlotList = Guarded<&CK_FUNCTION_LIST::C_GetSlotList>::call;
    made.C_OpenSession = Guarded<&CK_FUNCTION_LIST::C_OpenSession>::call;
    made.C_FindObjectsInit = Guarded<&CK_FUNCTION_LIST::C_FindObjectsInit>::call;
    made.C_EncryptInit = Guarded<&CK_FUNCTION_LIST::C_EncryptInit>::call;
    made.C_DecryptInit = Guarded<&CK_FUNCTION_LIST::C_DecryptInit>::call;
    made.C_SignInit = Guarded<&CK_FUNCTION_LIST::C_SignInit>::call;
    made.C_DeriveKey = Guarded<&CK_FUNCTION_LIST::C_DeriveKey>::call;
    made.C_WrapKey = Guarded<&CK_FUNCTION_LIST::C_WrapKey>::call;
    made.C_UnwrapKey = Guarded<&CK_FUNCTION_LIST::C_UnwrapKey>::call;
    made.C_CreateObject = Guarded<&CK_FUNCTION_LIST::C_CreateObject>::call;
    return made;
  }();
  *out = &list;
  return CKR_OK;
}
