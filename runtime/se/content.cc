#include "content_private.h"

namespace cw::se {

TokenUse read_token(const Command& command, LvReader& fields, ByteView parameters) {
  const size_t signed_size = command.data.size() - fields.rest().size();
  TokenUse use;
  if (!fields.done()) use.token = fields.next();
  if (!fields.done()) refuse(sw::kWrongData, "bytes after the token");
  use.input = token_input(command.p1, command.p2, ByteView(command.data).first(signed_size));
  if (parameters.empty()) return use;
  if (const auto reference = find_tlv(parse_tlvs(parameters), 0xB6)) use.reference = *reference;
  return use;
}

const Application& content_manager(Chip& chip, const LogicalChannel& channel, const TokenUse& use, TokenDue due) {
  const Application& performer = chip.performer(channel);
  if (!chip.flavor.content_management) refuse(sw::kInstruction, "this product has no card content management");
  if (!is_issuer_domain(chip.nvm(), performer) && performer.state != state::kPersonalized) {
    refuse(sw::kConditions, "the security domain is not PERSONALIZED");
  }
  if (manages_content(chip.nvm(), performer)) {
    if (!use.token.empty()) refuse(sw::kConditions, "a token, where the domain's own provider manages its content");
    return performer;
  }
  if (!performer.has(privilege::kDelegatedManagement)) {
    refuse(sw::kConditions, "the domain has neither Authorized nor Delegated Management");
  }
  if (due == TokenDue::later) {
    if (!use.token.empty()) refuse(sw::kWrongData, "the token of a combined load comes in its last INSTALL");
    return performer;
  }
  if (use.token.empty()) refuse(sw::kConditions, "Delegated Management without a token");
  check_token(chip, performer, use);
  return performer;
}

Aid checked_aid(ByteView aid) {
  if (aid.size() < 5 || aid.size() > 16) refuse(sw::kWrongData, "an AID has 5 to 16 bytes");
  return to_bytes(aid);
}

uint32_t checked_privileges(const Flavor& flavor, ByteView bytes) {
  if (bytes.size() != 1 && bytes.size() != 3) refuse(sw::kWrongData, "privileges have one or three bytes");
  if (bytes.size() == 3 && flavor.refuses_padded_privileges && bytes[1] == 0 && bytes[2] == 0) {
    refuse(sw::kWrongData, "this product wants one byte of privileges where one will do");
  }
  const auto value = static_cast<uint32_t>(read_be(bytes)) << (bytes.size() == 1 ? 16 : 0);
  constexpr uint32_t kOfDomains = privilege::kDap | privilege::kDelegatedManagement | privilege::kMandatedDap |
                                  0x008000 | privilege::kAuthorizedManagement | privilege::kTokenManagement | 0x800000 |
                                  0x000080 | 0x000040;
  if ((value & privilege::kSecurityDomain) == 0 && (value & kOfDomains) != 0) {
    refuse(sw::kWrongData, "privileges of a security domain without the Security Domain privilege");
  }
  constexpr uint32_t kBothManagements = privilege::kDelegatedManagement | privilege::kAuthorizedManagement;
  if ((value & kBothManagements) == kBothManagements) {
    refuse(sw::kWrongData, "Authorized and Delegated Management exclude each other");
  }
  if ((value & privilege::kMandatedDap) != 0 && (value & privilege::kDap) == 0) {
    refuse(sw::kWrongData, "Mandated DAP Verification without DAP Verification");
  }
  return value;
}

InstallParameters parse_parameters(ByteView bytes) {
  InstallParameters parameters;
  if (bytes.empty()) return parameters;
  const std::vector<Tlv> all = parse_tlvs(bytes);
  if (const auto application = find_tlv(all, 0xC9)) parameters.application = to_bytes(*application);
  const auto system = find_tlv(all, 0xEF);
  if (!system) return parameters;
  for (const Tlv& one : parse_tlvs(*system)) {
    const bool quota = one.tag == 0xC6 || one.tag == 0xC7 || one.tag == 0xC8;
    if (quota && one.value.size() != 2 && one.value.size() != 4) {
      refuse(sw::kWrongData, "a memory quota has two or four bytes");
    }
    if (one.tag == 0xC6) parameters.code = read_be(one.value);
    if (one.tag == 0xC7) parameters.ram = read_be(one.value);
    if (one.tag == 0xC8) parameters.nvm = read_be(one.value);
  }
  return parameters;
}

Reply install(Chip& chip, LogicalChannel& channel, const Command& command) {
  chip.performer(channel);
  if (!chip.flavor.content_management) refuse(sw::kInstruction, "this product has no card content management");
  // GPCS 11.5.2.1; the combined form keeps bits 2, 3 and 4 together.
  switch (command.p1) {
    case 0x02:
      if (command.p2 == 0) return install_for_load(chip, channel, command, false);
      break;
    case 0x04:
    case 0x0C:
      if (command.p2 == 0) return install_for_install(chip, channel, command, false);
      break;
    case 0x08:
      if (command.p2 == 0) return install_for_make_selectable(chip, channel, command);
      break;
    case 0x0E:
      if (command.p2 == 0x01) return install_for_load(chip, channel, command, true);
      if (command.p2 == 0x03) return install_for_install(chip, channel, command, true);
      break;
    case 0x10:
      if (command.p2 == 0) return install_for_extradition(chip, channel, command);
      break;
    case 0x20:
      if (command.p2 == 0) return install_for_personalization(chip, channel, command);
      break;
    case 0x40:
      if (command.p2 == 0) return install_for_registry_update(chip, channel, command);
      break;
    default:
      break;
  }
  refuse(sw::kWrongP1P2, "INSTALL has no such P1 P2");
}

}  // namespace cw::se
