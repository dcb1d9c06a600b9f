// One token behind a PKCS#11 module: a thread that alone calls the module, and the objects that it knows.
//
// Modules gain nothing from several threads and some break, so whoever uses the token puts work into a queue and waits.
// When the token stops answering, the work in hand raises store, and the next one opens a session and logs in again;
// what was derived in the lost session is then gone, keys that live in the token are looked up anew.
//
// Owner: the key store and the keys from it. Safe from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>

#include <p11-kit/pkcs11.h>

#include "base/error.h"
#include "base/secret.h"
#include "crypto/key.h"
#include "crypto/pkcs11_uri.h"

namespace cw::crypto {

/// A session that is logged in; on the token's thread alone.
class Pkcs11Session {
 public:
  const CK_FUNCTION_LIST& call() const { return *functions_; }
  CK_SESSION_HANDLE handle() const { return handle_; }
  /// Counts logins: a handle is of the login that gave it.
  uint64_t login() const { return login_; }

  /// Raises store: the token is gone; usage: it refused. `doing` begins the message: "deriving a key".
  void check(CK_RV result, const char* doing);

 private:
  friend class Pkcs11Token;
  std::string token_{};  // for errors
  CK_FUNCTION_LIST* functions_ = nullptr;
  CK_SESSION_HANDLE handle_ = 0;
  uint64_t login_ = 0;
  bool open_ = false;
};

class Pkcs11Token : public std::enable_shared_from_this<Pkcs11Token> {
 public:
  /// Loads the module and logs in. Raises usage: no such module or token, PIN file not private, PIN wrong or locked.
  static std::shared_ptr<Pkcs11Token> open(const Pkcs11Uri& uri);
  ~Pkcs11Token();
  Pkcs11Token(const Pkcs11Token&) = delete;
  Pkcs11Token& operator=(const Pkcs11Token&) = delete;

  /// The result of `work(session)` on the token's thread, or what it raised.
  template <typename Work>
  auto run(Work work) -> decltype(work(std::declval<Pkcs11Session&>())) {
    using Result = decltype(work(std::declval<Pkcs11Session&>()));
    using Kept = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
    // An error comes as a copy: one object of two threads would be let go by whichever is the last.
    using Outcome = std::variant<Kept, Error>;
    // Shared, since the caller goes on while the thread still leaves the task.
    const auto task = std::make_shared<std::packaged_task<Outcome()>>([&]() -> Outcome {
      try {
        enter();
        if constexpr (std::is_void_v<Result>) {
          work(session_);
          return Outcome(std::in_place_index<0>);
        } else {
          return Outcome(std::in_place_index<0>, work(session_));
        }
      } catch (const Error& error) {
        return Outcome(std::in_place_index<1>, error);
      }
    });
    std::future<Outcome> result = task->get_future();
    post([task] { (*task)(); });
    Outcome outcome = result.get();
    if (const Error* error = std::get_if<1>(&outcome)) throw Error(*error);
    if constexpr (!std::is_void_v<Result>) return std::get<0>(std::move(outcome));
  }
  /// An object of a session is needed no more. Waits for nothing.
  void drop(CK_OBJECT_HANDLE object, uint64_t login);

  /// "token 'cardwright'"
  std::string name() const { return uri_.name(); }

 private:
  explicit Pkcs11Token(Pkcs11Uri uri);
  void load();
  /// On the thread: a session that is logged in, a new one if there is none.
  void enter();
  void refuse_refused_pin();
  CK_SLOT_ID slot();
  void post(std::function<void()> work);
  void serve();

  const Pkcs11Uri uri_;
  void* module_ = nullptr;
  std::optional<Error> pin_refused_{};  // the thread alone
  std::string pin_refused_at_{};        // what its file was then
  Pkcs11Session session_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace cw::crypto
