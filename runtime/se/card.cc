#include "se/card.h"

#include "base/error.h"
#include "base/hex.h"
#include "chip_private.h"
#include "keys_private.h"
#include "persistence_private.h"
#include "registry_private.h"

namespace cw::se {

Card::Card(const Flavor& flavor) : impl_(std::make_unique<Impl>(flavor)) {}
Card::Card(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Card::Card(Card&&) noexcept = default;
Card& Card::operator=(Card&&) noexcept = default;
Card::~Card() = default;

const Flavor& Card::flavor() const { return impl_->flavor; }
Bytes Card::reset() { return impl_->power_up(); }
void Card::power_off() { impl_->power_down(); }
bool Card::powered() const { return impl_->powered; }
Bytes Card::process(ByteView command) { return impl_->process(command); }
const std::string& Card::why() const { return impl_->why; }
void Card::set_serial_number(uint32_t value) {
  constexpr size_t kAt = 12;  // IC serial number: behind fabricator, type, operating system and its dates, IC date
  Bytes cplc = impl_->flavor.cplc;
  if (cplc.size() < kAt + 4) return;
  Bytes number;
  append_be(number, value, 4);
  std::copy(number.begin(), number.end(), cplc.begin() + kAt);
  Nvm& nvm = impl_->memory.write();
  edit_application(nvm, issuer_domain(nvm).aid).sd.objects[0x9F7F] = std::move(cplc);
  impl_->memory.commit();
}
void Card::seed(uint64_t value) {
  impl_->random_state = value;
  ++impl_->random_draws;
}
size_t Card::nvm_used() const { return impl_->used_nvm(); }
void Card::limit_nvm(size_t bytes) {
  impl_->nvm_limit.reset();
  if (bytes != 0) impl_->nvm_limit = bytes;
}
void Card::lock_authentication(bool locked) { impl_->authentication_locked = locked; }

uint64_t Card::changes() const { return impl_->memory.commits() + impl_->random_draws; }
std::string Card::state_digest_text() const { return digest_chip(*impl_); }

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
