// The table of consents, as of format 6.
#pragma once

namespace cw::store {

// `card`: chip_of() its identity; `domain`: AID, upper case hex digits. `outcome`: "given", "refused", or empty: nobody
// has answered yet. `expires`: until when it may be answered, and then counts.
inline constexpr const char* kConsents =
    "CREATE TABLE consents (id @text PRIMARY KEY, card @text NOT NULL, domain @text NOT NULL, "
    "provider @text NOT NULL REFERENCES owners(name), run @text NOT NULL, asked @number NOT NULL, "
    "asked_by @text NOT NULL, expires @number NOT NULL, decided @number NOT NULL, decided_by @text NOT NULL, "
    "outcome @text NOT NULL, why @text NOT NULL)";
inline constexpr const char* kConsentsByDomain = "CREATE INDEX consents_by_domain ON consents (card, domain, provider)";

}  // namespace cw::store
