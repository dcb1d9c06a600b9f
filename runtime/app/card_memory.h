// The file in which a simulated card keeps its memory between two programs. Whoever has it open has it alone: two
// programs with one card would each write over what the other did.
//
// Owner: who has the card. One thread at a time.
#pragma once

#include <filesystem>
#include <memory>

#include "se/card.h"

namespace cw::app {

class CardMemory {
 public:
  /// The file need not be there. Raises usage: another program has it.
  explicit CardMemory(std::filesystem::path file);
  ~CardMemory();
  CardMemory(const CardMemory&) = delete;
  CardMemory& operator=(const CardMemory&) = delete;

  const std::filesystem::path& file() const { return file_; }
  /// The card in it; null: there is no such file. `option` names it in messages: "--card-state". Raises usage: no card
  /// memory, or that of another flavor.
  std::shared_ptr<se::Card> load(const se::Flavor& flavor, const std::string& option) const;
  /// Only its owner may read it, since it holds keys. Raises usage: cannot be written, or another program has made it.
  void save(const se::Card& card);

 private:
  void lock();
  void unlock();

  std::filesystem::path file_;
  int locked_ = -1;  // the file as it is now, or -1
};

}  // namespace cw::app
