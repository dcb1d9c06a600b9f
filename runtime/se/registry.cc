#include "registry_private.h"

namespace cw::se {
namespace {

template <class Entries>
auto find_entry(Entries& entries, ByteView aid) {
  return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return equal(entry->aid, aid); });
}

// Acceptance byte of GP UICC Configuration 4.3.2.
constexpr uint8_t kAncestorWithAm = 0x80;
constexpr uint8_t kHierarchyWithAm = 0x40;  // C0: ancestors and the rest of the hierarchy
constexpr uint8_t kIssuerDomain = 0x20;
constexpr uint8_t kDelegated = 0x08;  // a domain with Delegated Management below one with Authorized Management
constexpr uint8_t kEveryAm = 0xF0;
constexpr uint8_t kByDefault = kAncestorWithAm | kIssuerDomain;

// What an entry takes beside its contents; of the size real cards show.
constexpr size_t kEntryBytes = 64;
constexpr size_t kDomainBytes = 1024;
constexpr size_t kInstanceBytes = 256;
constexpr size_t kInstanceRam = 32;

size_t size_of(const Domain& domain) {
  size_t bytes = 0;
  for (const CardKey& key : domain.keys) {
    for (const KeyComponent& part : key.parts) bytes += 16 + part.value.size();
  }
  for (const auto& [tag, value] : domain.objects) bytes += 8 + value.size();
  for (const auto& [key, value] : domain.certificates) bytes += 8 + value.size();
  return bytes;
}

size_t size_of(const Contents& contents) {
  size_t bytes = 0;
  for (const auto& [dgi, value] : contents.groups) bytes += 8 + value.size();
  for (const Bytes& block : contents.blocks) bytes += 8 + block.size();
  return bytes;
}

}  // namespace

const Application* find_application(const Nvm& nvm, ByteView aid) {
  const auto at = find_entry(nvm.applications, aid);
  return at == nvm.applications.end() ? nullptr : &**at;
}

const LoadFile* find_load_file(const Nvm& nvm, ByteView aid) {
  const auto at = find_entry(nvm.load_files, aid);
  return at == nvm.load_files.end() ? nullptr : &**at;
}

Application& edit_application(Nvm& nvm, ByteView aid) { return find_entry(nvm.applications, aid)->edit(); }

LoadFile& edit_load_file(Nvm& nvm, ByteView aid) { return find_entry(nvm.load_files, aid)->edit(); }

bool is_issuer_domain(const Nvm& nvm, const Application& application) {
  return equal(application.aid, issuer_domain(nvm).aid);
}

bool selectable(const Nvm& nvm, const Application& application) {
  if (is_issuer_domain(nvm, application)) return true;
  if (nvm.card_state == state::kCardLocked) return false;
  return !application.locked() && application.state >= state::kSelectable;
}

const Application& default_application(const Nvm& nvm) {
  for (const auto& entry : nvm.applications) {
    if (entry->has(privilege::kCardReset) && selectable(nvm, *entry)) return *entry;
  }
  return issuer_domain(nvm);
}

bool manages_content(const Nvm& nvm, const Application& domain) {
  return domain.has(privilege::kAuthorizedManagement) || is_issuer_domain(nvm, domain);
}

uint8_t shown_state(const Nvm& nvm, const Application& application) {
  return is_issuer_domain(nvm, application) ? nvm.card_state : application.state;
}

const Application& parent(const Nvm& nvm, const Application& application) {
  const Application* above = find_application(nvm, application.domain);
  return above == nullptr ? issuer_domain(nvm) : *above;
}

bool is_at_or_above(const Nvm& nvm, const Application& above, ByteView domain) {
  const Application* at = find_application(nvm, domain);
  // The number of steps is bounded in case a saved state has a loop in it.
  for (size_t steps = 0; at != nullptr && steps <= nvm.applications.size(); ++steps) {
    if (equal(at->aid, above.aid)) return true;
    if (is_issuer_domain(nvm, *at)) return false;
    at = &parent(nvm, *at);
  }
  return false;
}

bool accepts(const Nvm& nvm, const Application& domain, std::optional<uint8_t> rule, const Application& performer) {
  if (equal(domain.aid, performer.aid)) return true;
  const uint8_t accepted = rule.value_or(kByDefault);
  if ((accepted & kIssuerDomain) != 0 && is_issuer_domain(nvm, performer)) return true;
  if (performer.has(privilege::kDelegatedManagement)) return (accepted & kDelegated) != 0;
  if (!manages_content(nvm, performer)) return false;
  if (accepted == kEveryAm || (accepted & kHierarchyWithAm) != 0) return true;
  return (accepted & kAncestorWithAm) != 0 && is_at_or_above(nvm, performer, domain.aid);
}

bool has_content(const Nvm& nvm, ByteView domain) {
  const auto belongs = [&](const auto& entry) { return equal(entry->domain, domain) && !equal(entry->aid, domain); };
  return std::any_of(nvm.applications.begin(), nvm.applications.end(), belongs) ||
         std::any_of(nvm.load_files.begin(), nvm.load_files.end(), belongs);
}

size_t nvm_used(const Nvm& nvm) {
  size_t bytes = 0;
  for (const auto& file : nvm.load_files) {
    if (file->built_in) continue;
    bytes += kEntryBytes + 16 * file->modules.size() + (file->code ? file->code->size() : 0);
  }
  for (const auto& application : nvm.applications) {
    if (is_issuer_domain(nvm, *application)) {
      bytes += size_of(application->sd);
      continue;
    }
    const size_t needed = (application->kind == Kind::domain ? kDomainBytes : kInstanceBytes) +
                          application->parameters.size() + size_of(application->sd) + size_of(application->contents);
    bytes += kEntryBytes + std::max(needed, application->nvm_quota);
  }
  return bytes;
}

size_t ram_used(const Nvm& nvm) {
  size_t bytes = 0;
  for (const auto& application : nvm.applications) bytes += std::max(kInstanceRam, application->ram_quota);
  return bytes;
}

}  // namespace cw::se
