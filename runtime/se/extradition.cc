// INSTALL [for extradition], [for registry update] (GPCS 9.4) and [for personalization] (11.5.2.3.6).
#include "content_private.h"

namespace cw::se {
namespace {

void check_personalized(const Nvm& nvm, const Application& domain) {
  if (domain.kind != Kind::domain) refuse(sw::kWrongData, "not a security domain");
  if (!is_issuer_domain(nvm, domain) && domain.state != state::kPersonalized) {
    refuse(sw::kConditions, "a security domain that is concerned is not PERSONALIZED");
  }
}

// Whether `target` hangs below `moved`: a domain cannot go into its own hierarchy.
bool would_loop(const Nvm& nvm, const Application& moved, const Application& target) {
  return moved.kind == Kind::domain && is_at_or_above(nvm, moved, target.aid);
}

}  // namespace

Reply install_for_extradition(Chip& chip, LogicalChannel& channel, const Command& command) {
  LvReader fields(command.data);
  const ByteView target_aid = fields.next();
  if (!fields.next().empty()) refuse(sw::kWrongData, "the second field of an extradition is empty");
  const ByteView moved_aid = fields.next();
  if (!fields.next().empty()) refuse(sw::kWrongData, "the fourth field of an extradition is empty");
  const ByteView parameters = fields.next();
  parse_parameters(parameters);
  const TokenUse use = read_token(command, fields, parameters);
  const Application& performer = content_manager(chip, channel, use);

  const Nvm& nvm = chip.nvm();
  const Application* target = find_application(nvm, target_aid);
  const Application* moved = find_application(nvm, moved_aid);
  const LoadFile* file = moved != nullptr ? nullptr : find_load_file(nvm, moved_aid);
  if (target == nullptr || (moved == nullptr && file == nullptr)) {
    refuse(sw::kNoReference, "the domain or the content to move is not on the card");
  }
  check_personalized(nvm, *target);
  if (moved != nullptr && is_issuer_domain(nvm, *moved)) refuse(sw::kConditions, "the issuer security domain stays");
  if (moved != nullptr && would_loop(nvm, *moved, *target)) refuse(sw::kConditions, "a domain cannot go below itself");
  if (file != nullptr && target->has(privilege::kDap)) {
    refuse(sw::kConditions, "a load file cannot go to a domain with DAP Verification");
  }
  const Application* from = find_application(nvm, moved != nullptr ? moved->domain : file->domain);
  if (from != nullptr) {
    check_personalized(nvm, *from);
    if (!accepts(nvm, *from, from->sd.accepts_out, performer)) {
      refuse(sw::kConditions, "the domain that has the content does not let it go");
    }
  }
  if (!accepts(nvm, *target, target->sd.accepts_in, performer)) {
    refuse(sw::kConditions, "the domain that is to have the content does not accept it");
  }
  const Aid to = target->aid;
  const bool is_file = file != nullptr;
  Bytes receipt_fields;
  put_lv(receipt_fields, is_file ? file->domain : moved->domain);
  put_lv(receipt_fields, moved_aid);
  put_lv(receipt_fields, to);
  Nvm& memory = chip.memory.write();
  if (is_file) {
    edit_load_file(memory, moved_aid).domain = to;
  } else {
    edit_application(memory, moved_aid).domain = to;
  }
  return {confirmation(chip, performer.aid, use, receipt_fields)};
}

Reply install_for_registry_update(Chip& chip, LogicalChannel& channel, const Command& command) {
  LvReader fields(command.data);
  const ByteView target = fields.next();
  if (!fields.next().empty()) refuse(sw::kWrongData, "the second field of a registry update is empty");
  const ByteView aid = fields.next();
  const ByteView privileges = fields.next();
  const ByteView parameters = fields.next();
  parse_parameters(parameters);
  const TokenUse use = read_token(command, fields, parameters);
  const Application& performer = content_manager(chip, channel, use);
  // Security domains stand in the receipt of an extradition (GPCS table C-14), which this command is not used for.
  Bytes receipt_fields = {0x00};
  put_lv(receipt_fields, aid);
  receipt_fields.push_back(0x00);
  put_lv(receipt_fields, privileges);
  put_ber_length(receipt_fields, parameters.size());
  append(receipt_fields, parameters);
  const Aid performer_aid = performer.aid;
  const auto done = [&]() -> Reply { return {confirmation(chip, performer_aid, use, receipt_fields)}; };

  if (aid.empty()) return done();  // restrictions of OPEN itself (parameter D9): none are kept
  const Application* application = find_application(chip.nvm(), aid);
  if (application == nullptr) refuse(sw::kNoReference, "the application is not on the card");
  if (!is_at_or_above(chip.nvm(), performer, application->domain)) {
    refuse(sw::kConditions, "the application belongs to a domain outside this one's hierarchy");
  }
  if (!target.empty() && !equal(target, application->domain)) {
    refuse(sw::kWrongData, "a registry update names the domain that the application has");
  }
  if (privileges.empty()) return done();
  const uint32_t wanted = checked_privileges(chip.flavor, privileges);
  const bool is_domain = application->kind == Kind::domain;
  if (((wanted & privilege::kSecurityDomain) != 0) != is_domain) {
    refuse(sw::kWrongData, "the Security Domain privilege cannot be given or taken");
  }
  edit_application(chip.memory.write(), aid).privileges = wanted;
  return done();
}

Reply install_for_personalization(Chip& chip, LogicalChannel& channel, const Command& command) {
  const Application& performer = chip.performer(channel);
  if (!chip.flavor.install_for_personalization) {
    refuse(sw::kWrongP1P2, "this product has no INSTALL [for personalization]");
  }
  LvReader fields(command.data);
  if (!fields.next().empty() || !fields.next().empty()) refuse(sw::kWrongData, "only the third field names something");
  const ByteView aid = fields.next();
  const Application* target = find_application(chip.nvm(), aid);
  if (target == nullptr) refuse(sw::kNoReference, "the application is not on the card");
  if (!equal(target->domain, performer.aid) || equal(target->aid, performer.aid)) {
    refuse(sw::kConditions, "the application is not associated with this security domain");
  }
  if (target->kind == Kind::domain) refuse(sw::kConditions, "a security domain is personalized by itself");
  if (target->locked() || target->state < state::kSelectable) {
    refuse(sw::kConditions, "the application is not SELECTABLE");
  }
  channel.personalizing = target->aid;
  return {{0x00}};
}

}  // namespace cw::se
