#include "app/operator_name.h"

#include <array>

#include <pwd.h>
#include <unistd.h>

namespace cw::app {

std::string operator_name() {
  std::array<char, 4096> words{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  const uid_t user = ::geteuid();
  const bool known = ::getpwuid_r(user, &entry, words.data(), words.size(), &found) == 0 && found != nullptr;
  std::array<char, 256> host{};
  const bool named = ::gethostname(host.data(), host.size() - 1) == 0;
  return (known ? std::string(entry.pw_name) : std::to_string(user)) + "@" + (named ? host.data() : "localhost");
}

}  // namespace cw::app
