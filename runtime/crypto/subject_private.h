// Names of certificates: a subject from its text, alternative names. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "x509_private.h"

namespace cw::crypto {

using NamePtr = std::unique_ptr<X509_NAME, Freed<X509_NAME_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

/// Raises usage: no name as RFC 2253 writes it, an attribute that is not known, several of them joined by '+', empty.
NamePtr subject_of(std::string_view text);

/// "DNS:a.example", "IP:192.0.2.1", "URI:https://..."; others are left out, and those with control characters.
std::vector<std::string> texts_of(const GENERAL_NAMES* names);
/// Whether texts_of() left some out.
bool has_other_names(const GENERAL_NAMES* names);
/// GeneralNames as DER. Raises usage: none of the three forms, or no such name.
Bytes alternative_names(const std::vector<std::string>& texts);

}  // namespace cw::crypto
