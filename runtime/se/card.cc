#include "se/card.h"

#include "base/error.h"
#include "base/hex.h"
#include "chip_private.h"
#include "keys_private.h"
#include "persistence_private.h"

namespace cw::se {

Card::Card(const Flavor& flavor) : impl_(std::make_unique<Impl>(flavor)) {}
Card::Card(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Card::Card(Card&&) noexcept = default;
Card& Card::operator=(Card&&) noexcept = default;
Card::~Card() = default;

const Flavor& Card::flavor() const { return impl_->flavor; }
Bytes Card::reset() { return impl_->power_up(); }
Bytes Card::process(ByteView command) { return impl_->process(command); }
const std::string& Card::why() const { return impl_->why; }
void Card::seed(uint64_t value) { impl_->random_state = value; }
size_t Card::nvm_used() const { return impl_->flavor.nvm_bytes - impl_->free_nvm(); }

std::string Card::save() const { return save_chip(*impl_); }

Card Card::load(std::string_view text) { return load(text, se::flavor(saved_flavor(text))); }

Card Card::load(std::string_view text, const Flavor& flavor) {
  auto impl = std::make_unique<Impl>(flavor);
  load_chip(*impl, text);
  return Card(std::move(impl));
}

void Card::tear_next(Tear when, unsigned skip) {
  impl_->tear = when;
  impl_->tear_skip = skip;
}

void Card::answer_next(ByteView plain_answer) { impl_->forced_answer = to_bytes(plain_answer); }

const Bytes& Card::understood() const { return impl_->understood; }

void Card::force_challenge(ByteView challenge) { impl_->forced_challenge = to_bytes(challenge); }

void Card::set_sequence_counter(ByteView domain, uint8_t key_version, uint32_t value) {
  const Application* found = find_application(impl_->nvm(), domain);
  if (found == nullptr || !opens_channel(found->sd, key_version)) {
    throw Error(ErrorKind::usage, "setting a sequence counter: no domain " + to_hex(domain) +
                                      " with secure channel keys of version " + to_hex(key_version));
  }
  edit_application(impl_->memory.write(), domain).sd.counters[key_version] = value;
  impl_->memory.commit();
}

}  // namespace cw::se
