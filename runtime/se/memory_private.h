// Non-volatile memory under transactions (GPCS 4.2.1, Java Card 7.1): a command's writes become true together when
// they are committed, or not at all.
#pragma once

#include <optional>

#include "model_private.h"

namespace cw::se {

class Memory {
 public:
  Memory() = default;
  explicit Memory(Nvm nvm) : nvm_(std::move(nvm)) {}

  const Nvm& read() const { return nvm_; }

  /// For writing; begins a transaction if none is open.
  Nvm& write() {
    if (!before_) before_ = nvm_;
    return nvm_;
  }

  bool in_transaction() const { return before_.has_value(); }
  /// As it was before the open transaction.
  const Nvm& before() const { return before_ ? *before_ : nvm_; }
  void commit() {
    if (before_) ++commits_;
    before_.reset();
  }
  /// How often something was committed.
  uint64_t commits() const { return commits_; }
  void roll_back() {
    if (!before_) return;
    nvm_ = std::move(*before_);
    before_.reset();
  }

 private:
  Nvm nvm_{};
  std::optional<Nvm> before_{};
  uint64_t commits_ = 0;
};

}  // namespace cw::se
