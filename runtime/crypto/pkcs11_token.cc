#include <algorithm>
#include <array>

#include <dlfcn.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hex.h"
#include "pkcs11_token_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

/// What a module says when token or session are gone, or may be.
constexpr std::array kGone = {
    CKR_HOST_MEMORY,     CKR_GENERAL_ERROR,        CKR_FUNCTION_FAILED,        CKR_DEVICE_ERROR,
    CKR_DEVICE_MEMORY,   CKR_DEVICE_REMOVED,       CKR_KEY_HANDLE_INVALID,     CKR_OBJECT_HANDLE_INVALID,
    CKR_SESSION_CLOSED,  CKR_OPERATION_ACTIVE,     CKR_SESSION_HANDLE_INVALID, CKR_TOKEN_NOT_PRESENT,
    CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_RECOGNIZED, CKR_USER_NOT_LOGGED_IN,     CKR_CRYPTOKI_NOT_INITIALIZED};

struct Named {
  CK_RV value;
  const char* name;
};
constexpr Named kNames[] = {{CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR"},
                            {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED"},
                            {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID"},
                            {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR"},
                            {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED"},
                            {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID"},
                            {CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED"},
                            {CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT"},
                            {CKR_KEY_UNEXTRACTABLE, "CKR_KEY_UNEXTRACTABLE"},
                            {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID"},
                            {CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID"},
                            {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT"},
                            {CKR_PIN_LOCKED, "CKR_PIN_LOCKED"},
                            {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED"},
                            {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID"},
                            {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT"},
                            {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT"},
                            {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED"},
                            {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN"},
                            {CKR_WRAPPED_KEY_INVALID, "CKR_WRAPPED_KEY_INVALID"}};

std::string text_of(CK_RV result) {
  for (const Named& one : kNames) {
    if (one.value == result) return one.name;
  }
  return "error " + to_hex(static_cast<uint8_t>(result >> 8)) + to_hex(static_cast<uint8_t>(result));
}

/// A field of a token, which spaces fill up.
template <size_t kSize>
std::string_view field(const CK_UTF8CHAR (&text)[kSize]) {
  std::string_view out(reinterpret_cast<const char*>(text), kSize);
  while (!out.empty() && (out.back() == ' ' || out.back() == '\0')) out.remove_suffix(1);
  return out;
}

bool is_wanted(const std::string& wanted, std::string_view has) { return wanted.empty() || wanted == has; }

}  // namespace

void Pkcs11Session::check(CK_RV result, const char* doing) {
  if (result == CKR_OK) return;
  if (std::find(kGone.begin(), kGone.end(), result) == kGone.end()) {
    throw Error(ErrorKind::usage, std::string(doing) + " in " + token_ + ": the token refuses it (" + text_of(result) +
                                      "); look at the attributes of the key and at what the token can do");
  }
  open_ = false;
  throw Error(ErrorKind::store,
              std::string(doing) + " in " + token_ + ": the token does not answer (" + text_of(result) +
                  "), and nothing more was sent; look at the HSM and its connection, then run again: it logs in anew");
}

Pkcs11Token::Pkcs11Token(Pkcs11Uri uri) : uri_(std::move(uri)) {}

std::shared_ptr<Pkcs11Token> Pkcs11Token::open(const Pkcs11Uri& uri) {
  std::shared_ptr<Pkcs11Token> out(new Pkcs11Token(uri));
  out->session_.token_ = uri.name();
  out->load();
  out->thread_ = std::thread([token = out.get()] { token->serve(); });
  out->run([](Pkcs11Session&) {});
  return out;
}

// The module stays loaded and initialized: others in this process may use it, and some cannot be initialized twice.
Pkcs11Token::~Pkcs11Token() {
  if (!thread_.joinable()) return;
  post([this] {
    if (session_.open_) session_.call().C_CloseSession(session_.handle_);
  });
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

namespace {

/// Of a file that nobody has changed, the same.
std::string stamp_of(const std::filesystem::path& file) {
  struct stat is {};
  if (::stat(file.c_str(), &is) != 0) return {};
  return std::to_string(is.st_ino) + " " + std::to_string(is.st_size) + " " + std::to_string(is.st_mtim.tv_sec) + "." +
         std::to_string(is.st_mtim.tv_nsec);
}

std::filesystem::path refusal_of(const std::filesystem::path& pin) { return pin.string() + ".refused"; }

}  // namespace

void Pkcs11Token::load() {
  module_ = ::dlopen(uri_.module_path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto get =
      module_ == nullptr ? nullptr : reinterpret_cast<CK_C_GetFunctionList>(::dlsym(module_, "C_GetFunctionList"));
  if (get == nullptr || get(&session_.functions_) != CKR_OK || session_.functions_ == nullptr) {
    const char* why = module_ == nullptr ? ::dlerror() : nullptr;
    throw Error(ErrorKind::usage,
                "opening " + name() + ": " + uri_.module_path.string() + " is no PKCS#11 module that can be loaded" +
                    (why == nullptr ? "" : std::string(" (") + why + ")") + "; give module-path that of the token");
  }
}

/// The token counts wrong PINs and locks: one that it refused is not tried again before its file is another.
void Pkcs11Token::refuse_refused_pin() {
  const std::string now = stamp_of(uri_.pin_source);
  if (pin_refused_ && pin_refused_at_ == now) throw Error(*pin_refused_);
  pin_refused_.reset();
  const std::filesystem::path refusal = refusal_of(uri_.pin_source);
  if (!std::filesystem::exists(refusal) || to_string(read_file(refusal, 256)) != now) return;
  throw Error(ErrorKind::usage, "logging in to " + name() + ": the PIN in " + uri_.pin_source.string() +
                                    " was refused before, and the token counts and locks; put the right one there, or "
                                    "remove " +
                                    refusal.string() + " to have it tried once more");
}

void Pkcs11Token::enter() {
  if (session_.open_) return;
  refuse_refused_pin();
  CK_FUNCTION_LIST& call = *session_.functions_;
  CK_C_INITIALIZE_ARGS threads{};
  threads.flags = CKF_OS_LOCKING_OK;
  const CK_RV started = call.C_Initialize(&threads);
  if (started != CKR_CRYPTOKI_ALREADY_INITIALIZED) session_.check(started, "starting the module");
  // What is left of a session that was lost, with its keys; the module may know nothing of it.
  if (session_.login_ > 0) call.C_CloseSession(session_.handle_);
  const Secret pin = read_secret_file(uri_.pin_source, 1024);
  ByteView digits = SecretBytes::view(pin);
  while (!digits.empty() && (digits.back() == '\n' || digits.back() == '\r')) digits = digits.first(digits.size() - 1);

  session_.check(call.C_OpenSession(slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_.handle_),
                 "opening a session");
  // PKCS#11 has no const; the module only reads it.
  const CK_RV in = call.C_Login(session_.handle_, CKU_USER, const_cast<uint8_t*>(digits.data()), digits.size());
  if (in != CKR_OK && in != CKR_USER_ALREADY_LOGGED_IN) {
    call.C_CloseSession(session_.handle_);
    // The token counts wrong PINs and locks, so one that was refused is not tried again.
    if (in == CKR_PIN_INCORRECT || in == CKR_PIN_LEN_RANGE || in == CKR_PIN_INVALID) {
      pin_refused_.emplace(ErrorKind::usage, "logging in to " + name() + ": the PIN in " + uri_.pin_source.string() +
                                                 " is wrong; do not try again with it, the token counts and locks");
    }
    if (in == CKR_PIN_LOCKED) {
      pin_refused_.emplace(ErrorKind::usage, "logging in to " + name() +
                                                 ": its PIN is locked after too many wrong ones; its security officer "
                                                 "has to set a new one");
    }
    if (pin_refused_) {
      pin_refused_at_ = stamp_of(uri_.pin_source);
      // For other processes, and for this one when it is started anew. Where it cannot be written, each tries once.
      try {
        write_file_atomically(refusal_of(uri_.pin_source), view(pin_refused_at_), true);
      } catch (const Error&) {
      }
      throw Error(*pin_refused_);
    }
    session_.check(in, "logging in");
  }
  session_.open_ = true;
  ++session_.login_;
}

CK_SLOT_ID Pkcs11Token::slot() {
  CK_FUNCTION_LIST& call = *session_.functions_;
  CK_ULONG count = 0;
  session_.check(call.C_GetSlotList(CK_TRUE, nullptr, &count), "listing tokens");
  std::vector<CK_SLOT_ID> slots(count), found;
  if (count > 0) session_.check(call.C_GetSlotList(CK_TRUE, slots.data(), &count), "listing tokens");
  slots.resize(count);
  std::string there;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (call.C_GetTokenInfo(slot, &info) != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    there += (there.empty() ? "" : ", ") + std::string(field(info.label));
    if (is_wanted(uri_.token, field(info.label)) && is_wanted(uri_.serial, field(info.serialNumber)) &&
        is_wanted(uri_.manufacturer, field(info.manufacturerID)) && is_wanted(uri_.model, field(info.model))) {
      found.push_back(slot);
    }
  }
  if (found.size() == 1) return found.front();
  const std::string has = "; the module has: " + (there.empty() ? "none" : there);
  // Once it was there, and may come back.
  throw Error(session_.login_ > 0 ? ErrorKind::store : ErrorKind::usage,
              "opening " + name() + ": " +
                  (found.empty() ? "there is no such token" : "there are several such tokens") + has +
                  (found.empty() ? "" : "; choose one by its serial too"));
}

void Pkcs11Token::drop(CK_OBJECT_HANDLE object, uint64_t login) {
  post([this, object, login] {
    if (session_.open_ && session_.login_ == login) session_.call().C_DestroyObject(session_.handle_, object);
  });
}

void Pkcs11Token::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void Pkcs11Token::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return over_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace cw::crypto
