// The tables of security domains, as of format 6.
#pragma once

namespace cw::store {

// `card`: chip_of() its identity. `issuer`: URL of the SEI-TSM that made the domain; empty: it was made through the
// ISD. `keys`: the key set in custody that opens it. `told`: what its issuer said of it last.
inline constexpr const char* kDomains =
    "CREATE TABLE domains (card @text NOT NULL, aid @text NOT NULL, se_id @text NOT NULL, owner @text NOT NULL, "
    "issuer @text NOT NULL, management @text NOT NULL, state @text NOT NULL, keys @text NOT NULL, "
    "version @number NOT NULL, since @number NOT NULL, changed @number NOT NULL, run @text NOT NULL, "
    "told @text NOT NULL, told_at @number NOT NULL, PRIMARY KEY (card, aid))";
inline constexpr const char* kDomainsBySeId = "CREATE INDEX domains_by_se_id ON domains (se_id, aid) WHERE se_id <> ''";
inline constexpr const char* kDomainsByAid = "CREATE INDEX domains_by_aid ON domains (aid)";

// Messages that count once, by who sent them; until when they have to be known.
inline constexpr const char* kMessagesSeen =
    "CREATE TABLE messages_seen (sender @text NOT NULL, nonce @text NOT NULL, until @number NOT NULL, "
    "PRIMARY KEY (sender, nonce))";
inline constexpr const char* kMessagesSeenByEnd = "CREATE INDEX messages_seen_by_end ON messages_seen (until)";

}  // namespace cw::store
