// SET STATUS (GPCS 11.10) and the life cycles of chapter 5.
#include "commands_private.h"
#include "registry_private.h"

namespace cw::se {
namespace {

constexpr uint8_t kCard = 0x80;
constexpr uint8_t kApplication = 0x40;
constexpr uint8_t kDomainAndContent = 0x60;

// Figure 5-1. Staying is no transition.
bool card_may_go(uint8_t from, uint8_t to) {
  if (to == state::kTerminated) return from != state::kTerminated;
  switch (from) {
    case state::kOpReady:
      return to == state::kInitialized;
    case state::kInitialized:
      return to == state::kSecured;
    case state::kSecured:
      return to == state::kCardLocked;
    case state::kCardLocked:
      return to == state::kSecured;
    default:
      return false;
  }
}

Reply set_card_state(Chip& chip, const Application& performer, uint8_t to) {
  const uint8_t from = chip.nvm().card_state;
  if (!card_may_go(from, to)) refuse(sw::kWrongData, "the card cannot go from its life cycle state to this one");
  const bool locks = to == state::kCardLocked || from == state::kCardLocked;
  if (to == state::kTerminated ? !performer.has(privilege::kCardTerminate)
      : locks                  ? !performer.has(privilege::kCardLock)
                               : !is_issuer_domain(chip.nvm(), performer)) {
    refuse(sw::kConditions, "the domain lacks the privilege for this");
  }
  if (to == state::kTerminated || to == state::kCardLocked) chip.load.reset();
  chip.memory.write().card_state = to;
  return {};
}

// A security domain on itself: forward only (figure 5-3).
Reply set_own_state(Chip& chip, const Application& performer, uint8_t to) {
  const bool known = to == state::kSelectable || to == state::kPersonalized;
  if (!known || to <= performer.state) refuse(sw::kWrongData, "the domain cannot go to this life cycle state");
  edit_application(chip.memory.write(), performer.aid).state = to;
  return {};
}

void lock(Application& application, bool locked) {
  application.state = u8(locked ? application.state | state::kLockedBit : application.state & ~state::kLockedBit);
}

}  // namespace

Reply set_status(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& performer = chip.performer(channel);
  const Nvm& nvm = chip.nvm();
  if (command.p1 == kCard) return set_card_state(chip, performer, command.p2);
  if (command.p1 != kApplication && command.p1 != kDomainAndContent) {
    refuse(sw::kWrongP1P2, "SET STATUS has P1 80, 40 or 60");
  }
  if (nvm.card_state == state::kCardLocked) refuse(sw::kConditions, "the card is CARD_LOCKED");
  const Application* target = find_application(nvm, command.data);
  if (target == nullptr) refuse(sw::kNoReference, "no application has this AID");
  if (is_issuer_domain(nvm, *target)) refuse(sw::kConditions, "the issuer security domain has the card's state");

  if (target->aid == performer.aid && command.p1 == kApplication && (command.p2 & state::kLockedBit) == 0) {
    return set_own_state(chip, performer, command.p2);
  }
  if (!performer.has(privilege::kGlobalLock) && !is_at_or_above(nvm, performer, target->domain) &&
      target->aid != performer.aid) {
    refuse(sw::kConditions, "the application belongs to a domain outside this one's hierarchy");
  }
  // On another's state only b8 counts: lock, or back to the state before (GPCS 11.10.2.2).
  const bool locks = (command.p2 & state::kLockedBit) != 0;
  const bool with_content = command.p1 == kDomainAndContent;
  if (with_content && target->kind != Kind::domain) refuse(sw::kWrongData, "P1 60 names a security domain");
  if (!with_content && target->locked() == locks) refuse(sw::kWrongData, "the application is in that state already");

  const Aid aid = target->aid;
  Nvm& memory = chip.memory.write();
  lock(edit_application(memory, aid), locks);
  if (!with_content) return {};
  for (auto& entry : memory.applications) {
    if (entry->aid != aid && !is_issuer_domain(memory, *entry) && entry->domain == aid) lock(entry.edit(), locks);
  }
  return {};
}

}  // namespace cw::se
