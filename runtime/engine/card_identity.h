// Who a card is, asked of the card itself below the gate: no script and no argument has a word in it. The commands are
// none of the flow's. Nothing proves the answer: a device may say it is another card (docs/decisions/0020).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "card/apdu.h"

namespace cw::engine {

/// Sends one plain command on the basic logical channel.
using AskCard = std::function<card::Response(const card::Apdu&)>;

/// "CPLC-...+KDD-...": what the chip's maker wrote into the CPLC, else CIN and IIN; with the key diversification data
/// where GET DATA gives them. Nothing if the application that answers tells none of it. Raises what `ask` raises.
std::optional<std::string> told_identity(const AskCard& ask);

/// All that told_identity() may ask, to be asked at once; for a card that is to have this identity, what makes it up.
std::vector<card::Apdu> identity_questions(const std::string& expected = "");

/// Whether it reads like what told_identity() gives.
bool is_told_identity(const std::string& text);

/// Of a card that tells nothing: all of its kind share it.
std::string identity_by_atr(ByteView atr);

}  // namespace cw::engine
