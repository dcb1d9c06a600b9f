// Which of the key sets that a request names does the card hold? Its cryptogram tells, before anything more is sent: so
// of two candidates the wrong one costs the card no attempt.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/custody.h"
#include "gp/channel.h"
#include "host/outside.h"

namespace cw::engine {

struct KeyMatch {
  std::string keys{};  // name of the set
  std::unique_ptr<gp::Channel> channel{};
};

/// One name, or two.
std::vector<std::string> key_candidates(const host::OpenChannel& request);

/// `answer`: to INITIALIZE UPDATE. Raises channel: the card holds none of them; usage: no such set, or the card cannot
/// tell the two apart, since they are the same keys.
KeyMatch match_keys(const Custody& custody, const host::OpenChannel& request, ByteView host_challenge,
                    const gp::InitializeUpdateAnswer& answer, const gp::ChannelOptions& options);

}  // namespace cw::engine
