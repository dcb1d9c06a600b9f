#include "service/operator_access.h"

#include <array>

#include <pwd.h>
#include <unistd.h>

namespace cw::service {

std::string user_name(unsigned uid) {
  std::array<char, 4096> words{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  const bool known = ::getpwuid_r(uid, &entry, words.data(), words.size(), &found) == 0 && found != nullptr;
  std::array<char, 256> host{};
  const bool named = ::gethostname(host.data(), host.size() - 1) == 0;
  return (known ? std::string(entry.pw_name) : std::to_string(uid)) + "@" + (named ? host.data() : "localhost");
}

Visitor visitor_of(const net::Peer& peer, const Roles& roles) {
  Visitor out;
  if (peer.certificate) {
    out.name = peer.certificate->subject;
    const auto found = roles.find(out.name);
    if (found != roles.end()) {
      out.role = found->second.role;
      out.owner = found->second.owner;
    } else {
      out.why = "the certificate of " + out.name + " has no role here; doors.operator.roles gives it one";
    }
    return out;
  }
  if (peer.user) {
    out.name = user_name(peer.user->uid);
    if (peer.user->uid == ::geteuid() || peer.user->uid == 0) {
      out.role = Role::operates;
    } else {
      out.why = "the service runs as another user than " + out.name;
    }
    return out;
  }
  out.name = "nobody";
  out.why = "nobody can tell who asks";
  return out;
}

}  // namespace cw::service
