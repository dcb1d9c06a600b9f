// Questions to the registry (GPCS 6.5): who is there, and who stands above whom (GPCS 7.2).
#pragma once

#include "model_private.h"

namespace cw::se {

inline const Application& issuer_domain(const Nvm& nvm) { return *nvm.applications.front(); }

const Application* find_application(const Nvm& nvm, ByteView aid);
const LoadFile* find_load_file(const Nvm& nvm, ByteView aid);
/// Entry to change; `aid` must be there.
Application& edit_application(Nvm& nvm, ByteView aid);
LoadFile& edit_load_file(Nvm& nvm, ByteView aid);

bool is_issuer_domain(const Nvm& nvm, const Application& application);
/// What a reset and a new logical channel select (GPCS 6.4.1): the application with Card Reset, else the ISD.
const Application& default_application(const Nvm& nvm);
/// SELECT finds it (GPCS 6.4.2).
bool selectable(const Nvm& nvm, const Application& application);
/// Authorized Management; the ISD has it also on cards from before the privilege existed (GP 2.1.1).
bool manages_content(const Nvm& nvm, const Application& domain);
/// The life cycle state as GET STATUS shows it: the ISD's is the card's.
uint8_t shown_state(const Nvm& nvm, const Application& application);

/// The domain above: for the ISD itself. Never null.
const Application& parent(const Nvm& nvm, const Application& application);
/// `above` is `domain` itself or one of the domains over it.
bool is_at_or_above(const Nvm& nvm, const Application& above, ByteView domain);

/// An acceptance byte of C9 (tags 82, 83, 87) as asked by `performer`, for content of `domain`; absent means that the
/// issuer and any domain with Authorized Management above may.
bool accepts(const Nvm& nvm, const Application& domain, std::optional<uint8_t> rule, const Application& performer);

/// Whether anything is associated with this domain.
bool has_content(const Nvm& nvm, ByteView domain);

/// Bytes of non-volatile memory that the registry and its contents take.
size_t nvm_used(const Nvm& nvm);
size_t ram_used(const Nvm& nvm);

}  // namespace cw::se
