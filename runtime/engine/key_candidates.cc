#include "engine/key_candidates.h"

#include <optional>

#include "base/hex.h"

namespace cw::engine {

std::vector<std::string> key_candidates(const host::OpenChannel& request) {
  if (request.or_keys.empty()) return {request.keys};
  return {request.keys, request.or_keys};
}

KeyMatch match_keys(const Custody& custody, const host::OpenChannel& request, ByteView host_challenge,
                    const gp::InitializeUpdateAnswer& answer, const gp::ChannelOptions& options) {
  KeyMatch out;
  std::optional<Error> refused;  // of the first
  for (const std::string& name : key_candidates(request)) {
    const crypto::KeySet keys = custody.key_set(name, answer.diversification_data);
    try {
      std::unique_ptr<gp::Channel> channel = gp::Channel::open(keys, host_challenge, answer, request.level, options);
      if (out.channel) {
        throw Error(ErrorKind::usage, "opening a channel with '" + request.keys + "' or '" + request.or_keys +
                                          "': on this card they are the same keys, so nothing can tell which it has; "
                                          "name two different key sets");
      }
      out = {name, std::move(channel)};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::channel) throw;
      if (!refused) refused = error;
    }
  }
  if (out.channel) return out;
  if (request.or_keys.empty()) throw refused->within("opening a channel with '" + request.keys + "'");
  throw Error(ErrorKind::channel, "opening a channel with '" + request.keys + "' or '" + request.or_keys +
                                      "': the card has neither under key version " + to_hex(answer.key_version) +
                                      ", and nothing more was sent; do not try again, each attempt may count towards "
                                      "locking the card: find out which keys it was given last");
}

}  // namespace cw::engine
