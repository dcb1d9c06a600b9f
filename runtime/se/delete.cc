// DELETE of applications, load files and keys (GPCS 9.5, 11.2).
#include "content_private.h"

namespace cw::se {
namespace {

// The domain that has the content is the performing one or below it, or lets others delete (C9 tag 83).
void check_may_delete(const Nvm& nvm, const Application& performer, ByteView domain) {
  if (equal(domain, performer.aid) || performer.has(privilege::kGlobalDelete)) return;
  const Application* owner = find_application(nvm, domain);
  if (owner == nullptr || !accepts(nvm, *owner, owner->sd.accepts_deletion, performer)) {
    refuse(sw::kConditions, "the content belongs to another domain, which does not accept its deletion");
  }
}

void check_application(Chip& chip, const LogicalChannel& channel, const Application& performer,
                       const Application& victim) {
  const Nvm& nvm = chip.nvm();
  if (is_issuer_domain(nvm, victim)) refuse(sw::kConditions, "the issuer security domain cannot be deleted");
  if (victim.aid == performer.aid) refuse(sw::kConditions, "a security domain cannot delete itself");
  check_may_delete(nvm, performer, victim.domain);
  if (chip.selected_elsewhere(victim.aid, &channel)) {
    refuse(sw::kConditions, "the application is selected on another logical channel");
  }
}

void check_empty_domain(const Nvm& nvm, const Application& victim) {
  if (victim.kind == Kind::domain && has_content(nvm, victim.aid)) {
    refuse(sw::kConditions, "the security domain has content");
  }
}

Deletion plan_load_file(Chip& chip, const LogicalChannel& channel, const Application& performer, const LoadFile& file,
                        bool related) {
  const Nvm& nvm = chip.nvm();
  check_may_delete(nvm, performer, file.domain);
  Deletion deletion{{}, file.aid};
  for (const auto& application : nvm.applications) {
    if (application->load_file != file.aid) continue;
    if (!related) refuse(sw::kConditions, "applications of this load file are on the card");
    check_application(chip, channel, performer, *application);
    check_empty_domain(nvm, *application);
    deletion.applications.push_back(application->aid);
  }
  for (const auto& other : nvm.load_files) {
    const bool imports = std::find(other->imports.begin(), other->imports.end(), file.aid) != other->imports.end();
    if (imports) refuse(sw::kConditions, "another load file imports this one");
  }
  return deletion;
}

// GPCS 9.5: from here on it completes, in this card session or the next.
Reply carry_out(Chip& chip, Deletion deletion, const Aid& performer, const Aid& named, const TokenUse& use) {
  chip.memory.write().deletion = std::move(deletion);
  chip.memory.commit();
  finish_deletion(chip.memory.write());
  Bytes receipt_fields;
  put_lv(receipt_fields, named);
  return {confirmation(chip, performer, use, receipt_fields)};
}

// The token is the last object; what is before it is what it signs (GPCS 11.2.2.3.1, C.4.6).
TokenUse read_token(const Command& command) {
  TokenUse use;
  ByteView before = command.data;
  TlvReader reader(command.data);
  while (!reader.done()) {
    const ByteView at = reader.rest();
    const std::optional<Tlv> one = reader.next();
    if (one->tag == 0xB6) use.reference = one->value;
    if (one->tag != 0x9E) continue;
    if (!reader.done()) refuse(sw::kWrongData, "objects behind the token");
    use.token = one->value;
    before = ByteView(command.data).first(command.data.size() - at.size());
  }
  use.input = token_input(command.p1, command.p2, before);
  return use;
}

Reply delete_keys(Chip& chip, LogicalChannel& channel, std::optional<ByteView> id, std::optional<ByteView> version) {
  const Application& performer = chip.performer(channel);
  if ((id && id->size() != 1) || (version && version->size() != 1)) {
    refuse(sw::kWrongData, "key identifier and version have one byte");
  }
  if (id && !chip.flavor.delete_key_by_id) {
    refuse(sw::kNoReference, "this product deletes whole key versions only (no D0)");
  }
  const auto goes = [&](const CardKey& key) {
    return (!id || key.id == (*id)[0]) && (!version || key.version == (*version)[0]);
  };
  const std::vector<CardKey>& keys = performer.sd.keys;
  if (std::none_of(keys.begin(), keys.end(), goes)) refuse(sw::kNoReference, "no such key");

  Application changed = performer;
  std::erase_if(changed.sd.keys, goes);
  if (default_version(performer.sd) != 0 && default_version(changed.sd) == 0) {
    refuse(sw::kConditions, "these are the domain's last secure channel keys");
  }
  std::erase_if(changed.sd.counters, [&](const auto& entry) { return !has_version(changed.sd, entry.first); });
  std::erase_if(changed.sd.attempts,
                [&](const auto& entry) { return entry.first != 0 && !has_version(changed.sd, entry.first); });
  edit_application(chip.memory.write(), changed.aid) = changed;
  return {{0x00}};
}

}  // namespace

void finish_deletion(Nvm& nvm) {
  const Deletion deletion = *nvm.deletion;
  const auto listed = [&](const auto& entry) {
    return std::find(deletion.applications.begin(), deletion.applications.end(), entry->aid) !=
           deletion.applications.end();
  };
  std::erase_if(nvm.applications, listed);
  if (deletion.load_file) {
    std::erase_if(nvm.load_files, [&](const auto& entry) { return entry->aid == *deletion.load_file; });
  }
  // Privileges that only one may have go back to the issuer security domain (GPCS 6.6.2).
  const bool has_default = std::any_of(nvm.applications.begin(), nvm.applications.end(),
                                       [](const auto& entry) { return entry->has(privilege::kCardReset); });
  if (!has_default) nvm.applications.front().edit().privileges |= privilege::kCardReset;
  nvm.deletion.reset();
}

Reply delete_content(Chip& chip, LogicalChannel& channel, const Command& command) {
  chip.performer(channel);
  if (command.p1 != 0 || (command.p2 != 0x00 && command.p2 != 0x80)) refuse(sw::kWrongP1P2, "DELETE has P2 00 or 80");
  const std::vector<Tlv> fields = parse_tlvs(command.data);
  const auto aid = find_tlv(fields, 0x4F);
  const auto id = find_tlv(fields, 0xD0);
  const auto version = find_tlv(fields, 0xD2);
  if (!aid && (id || version)) return delete_keys(chip, channel, id, version);
  if (!aid) refuse(sw::kWrongData, "DELETE names an AID (4F) or a key (D0, D2)");
  const auto named = std::count_if(fields.begin(), fields.end(), [](const Tlv& one) { return one.tag == 0x4F; });
  if (named > 1) refuse(sw::kWrongData, "DELETE names one object at a time");  // GPCS 11.2.2.3.1

  const TokenUse use = read_token(command);
  const Application& performer = content_manager(chip, channel, use);
  const Aid by = performer.aid;
  const bool related = command.p2 == 0x80;
  if (related && !chip.flavor.delete_cascade) refuse(sw::kWrongP1P2, "this product deletes no related objects");

  if (const LoadFile* file = find_load_file(chip.nvm(), *aid)) {
    return carry_out(chip, plan_load_file(chip, channel, performer, *file, related), by, to_bytes(*aid), use);
  }
  const Application* victim = find_application(chip.nvm(), *aid);
  if (victim == nullptr) refuse(sw::kNoReference, "nothing on the card has this AID");
  check_application(chip, channel, performer, *victim);
  check_empty_domain(chip.nvm(), *victim);
  return carry_out(chip, {{victim->aid}, {}}, by, to_bytes(*aid), use);
}

}  // namespace cw::se
