// What a card session does for commands that a backend wrapped: they travel as they are, and cost what ours cost.
#include "card/apdu.h"
#include "engine/card_session.h"

namespace cw::engine {

namespace {

constexpr uint8_t kInitializeUpdate = 0x50, kExternalAuthenticate = 0x82, kManageChannel = 0x70;
constexpr size_t kDiversificationData = 10;  // ahead of the key version in the answer to INITIALIZE UPDATE (GPCS E.5.1)

/// Scheme, host and port: who it is, whatever beginning of its URLs a flow declares.
std::string origin_of(const std::string& url) {
  const size_t host = url.find("//");
  return host == std::string::npos ? url : url.substr(0, url.find('/', host + 2));
}

}  // namespace

void CardSession::give_way(const host::Exchange& relayed) {
  if (unauthenticated_) {
    channels_.erase(*unauthenticated_);
    finish();
  }
  close_on(relayed.logical_channel);
}

void CardSession::end_relayed(const host::Command& command) {
  const bool ends = selects(command) || command.ins == kManageChannel || command.ins == kInitializeUpdate;
  if (!relayed_ || !ends) return;
  relayed_.reset();
  setup_.budgets.attempts.give_up();
}

void CardSession::charge_relayed(const host::Exchange& request, const host::Command& command) {
  // Whatever answers to an EXTERNAL AUTHENTICATE settles a charge: so it is the one that was made for it, and no other.
  if (command.ins == kExternalAuthenticate && relayed_ != request.logical_channel) {
    throw Error(ErrorKind::policy,
                "EXTERNAL AUTHENTICATE of " + request.backend +
                    " follows no INITIALIZE UPDATE of its own on this logical channel; nothing was sent");
  }
  if (command.ins != kInitializeUpdate) return;
  const Bytes domain = selected_then(request.logical_channel).value_or(default_);
  setup_.budgets.attempts.charge({setup_.gate.is_isd(domain) ? Bytes() : domain, command.p1},
                                 {origin_of(request.backend)});
}

void CardSession::settle_relayed(const host::Exchange& request, const host::Command& command,
                                 const host::Answer& answer) {
  AttemptBudget& attempts = setup_.budgets.attempts;
  const bool ok = answer.sw == 0x9000;
  if (command.ins == kInitializeUpdate && attempts.is_charged()) {
    if (ok && answer.data.size() > kDiversificationData) {
      attempts.answered(ByteView(answer.data).first(kDiversificationData), answer.data[kDiversificationData]);
      relayed_ = request.logical_channel;
    } else if (refused_before_keys(answer.sw)) {
      attempts.not_tried();
    } else {
      attempts.give_up();
    }
  }
  if (command.ins == kExternalAuthenticate && relayed_ == request.logical_channel) {
    relayed_.reset();
    if (ok) {
      attempts.verified();
    } else {
      attempts.refused({origin_of(request.backend)});
    }
  }
  settle(command, answer, selected_.on(request.logical_channel));
}

}  // namespace cw::engine
