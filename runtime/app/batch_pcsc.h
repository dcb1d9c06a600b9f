// A reader of pcscd in a batch: the person at it takes the card out and puts the next one in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "batch/card_source.h"
#include "se/flavor.h"

namespace cw::app {

/// Names of the readers that are plugged in and match: '*' stands for anything, in either case; without one it is a
/// name, a part of a name or an index as in --card pcsc:. Raises usage: none; reader: no pcscd, or one without readers.
std::vector<std::string> pcsc_readers_like(const std::string& pattern);
/// The same among `names`.
std::vector<std::string> pcsc_readers_like(const std::string& pattern, const std::vector<std::string>& names);

/// `name` as pcscd has it. A card that is in it already is the first; each that follows has to be put in.
std::unique_ptr<batch::CardSource> pcsc_cards(const std::string& name, const se::Flavor& flavor);

}  // namespace cw::app
