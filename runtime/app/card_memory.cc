#include "app/card_memory.h"

#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/failure.h"
#include "base/files.h"

namespace cw::app {

CardMemory::CardMemory(std::filesystem::path file) : file_(std::move(file)) { lock(); }

CardMemory::~CardMemory() { unlock(); }

/// What cannot be opened is left to who reads or writes it: that says more.
void CardMemory::lock() {
  locked_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (locked_ < 0 || ::flock(locked_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  unlock();
  throw Error(ErrorKind::usage,
              "another program has the card in " + file_.string() + "; wait for it to end, or take another file");
}

void CardMemory::unlock() {
  if (locked_ >= 0) ::close(locked_);
  locked_ = -1;
}

std::shared_ptr<se::Card> CardMemory::load(const se::Flavor& flavor, const std::string& option) const {
  std::error_code ignored;
  if (!std::filesystem::exists(file_, ignored)) return nullptr;
  const Bytes text = read_file(file_);
  std::shared_ptr<se::Card> card;
  const auto failure = failure_of([&] { card = std::make_shared<se::Card>(se::Card::load(text_view(text))); });
  if (failure) throw failure->within("card memory " + file_.string());
  const std::string& name = card->flavor().name;
  if (name == flavor.name) return card;
  throw Error(ErrorKind::usage, "the card in " + file_.string() + " is of flavor " + name + "; use " +
                                    (option == "--state" ? "--flavor " : "--card sim:") + name + ", or another " +
                                    option + " file");
}

/// The file is another one after each write. The old one stays locked until the new one is: somebody may be opening it.
void CardMemory::save(const se::Card& card) {
  if (locked_ < 0) lock();
  write_file_atomically(file_, view(card.save()), /*owner_only=*/true);
  const int before = std::exchange(locked_, -1);
  const auto taken = failure_of([&] { lock(); });
  if (before >= 0) ::close(before);
  if (taken) throw *taken;
}

}  // namespace cw::app
