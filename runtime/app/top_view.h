// The picture that cardwright top draws: what a store or a service says of itself at one moment, as lines.
//
// Thread rule: plain functions.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "app/terminal.h"

namespace cw::app {

/// What was asked for one picture, as the desk answers it.
struct TopMoment {
  nlohmann::ordered_json overview{};
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();  // those under way first
  nlohmann::ordered_json health{};                                // of a service; null: it is a store's
};

struct TopRates {
  double begun = 0;  // per minute
  double ended = 0;
};
/// Between two moments; nothing: no time lies between them.
std::optional<TopRates> rates_between(const TopMoment& before, const TopMoment& now);

/// Lines, each with its end: `where` and what is known, then runs, no wider than the terminal and no more than `height`
/// (0: all). What comes from outside is printable.
std::string top_picture(const TopMoment& moment, const std::optional<TopRates>& rates, const std::string& where,
                        const Terminal& terminal, size_t height);

}  // namespace cw::app
