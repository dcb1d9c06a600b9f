// What the issuer's side does wrong on purpose, so that the other side can be tested: answers that are late, lost or
// wrong, tasks that have expired, keys and tokens that do not fit. From the file, or over the admin socket.
//
// Owner: the service. Thread rule: Faults from any thread, Fault is a plain value.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cw::issuer {

enum class FaultKind : uint8_t {
  late,          // the answer comes after `milliseconds`
  lost,          // the request is carried out, and its answer never comes
  garbled,       // the answer is cut in the middle of its JSON
  wrong_code,    // 9999, though it was carried out
  other_task,    // the answer names another task
  expired_task,  // the task is over when it is named next
  many_apdus,    // an apduList of ten thousand commands
  wrong_kcv,     // of a key that is pushed
  wrong_token,   // the first token does not fit its data
};

struct Fault {
  FaultKind kind = FaultKind::late;
  std::string call{};  // fault_calls(); empty: any that it fits
  unsigned skip = 0;   // calls that go well before
  unsigned count = 1;  // calls that do not
  unsigned milliseconds = 1000;

  bool operator==(const Fault&) const = default;
};

/// The word in a file; nothing: no such kind.
std::optional<FaultKind> fault_kind(std::string_view word);
std::vector<std::string> fault_words();
std::vector<std::string> fault_calls();

class Faults {
 public:
  explicit Faults(std::vector<Fault> planned) : planned_(std::move(planned)) {}

  /// Instead of what was planned before.
  void plan(std::vector<Fault> planned);
  /// Whether this kind happens to this call now; it is used up by that.
  std::optional<Fault> take(FaultKind kind, std::string_view call);

 private:
  std::mutex mutex_;
  std::vector<Fault> planned_;
};

}  // namespace cw::issuer
