// Takes what the flow _tools/card-identity gives.
#pragma once

#include <string>

#include "engine/observer.h"

namespace cw::batch {

/// The flow that reads who a card is, behind the gate like any other; opens no secure channel.
inline constexpr const char* kIdentityFlow = "_tools/card-identity";

/// That flow logs the identity, and nothing else.
class IdentityTaker : public engine::Observer {
 public:
  void noted(const host::Note& note) override {
    if (note.kind == host::Note::Kind::log) identity = note.text;
  }
  std::string identity{};
};

}  // namespace cw::batch
