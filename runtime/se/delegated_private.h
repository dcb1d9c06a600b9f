// Delegated management as the card sees it (GPCS 9.1.3, 11.1.6, C.3 to C.5): tokens that allow a command, receipts that
// confirm it, DAP signatures of load files. Which domain does which of these is said by privileges, with which key by
// key version: 70 tokens, 71 receipts, 73 DAP (GP UICC Configuration), or by the usage that came with the key.
#pragma once

#include "chip_private.h"

namespace cw::se {

/// Signature by the key's own algorithm (GPCS B.1.2.2, B.2.2, B.3, B.4). False: a key that cannot, too.
bool verifies(const CardKey& key, ByteView message, ByteView signature);
/// Nothing: a key that does not sign.
std::optional<Bytes> signature_by(const CardKey& key, ByteView message);

/// What a command says about its own token.
struct TokenUse {
  ByteView token{};
  Bytes input{};         // what the token signs (C.4)
  ByteView reference{};  // value of B6, the control reference template: who verifies, the token's identifier
};

/// P1, P2, the length of `data` (one byte, or 00 and two), `data`: a token's input, or one part of it (C.4.1 to C.4.7).
Bytes token_input(uint8_t p1, uint8_t p2, ByteView data);

/// Has the domain with Token Verification above `performer` check the token. Refuses with 6985: there is none, it has
/// no token key; with 6A80: the token is of something else.
void check_token(Chip& chip, const Application& performer, const TokenUse& use);

/// The confirmation of what has been done with a token: length and confirmation, or 00 where nobody makes receipts
/// (11.1.6). `fields`: what the receipt is over behind the confirmation data (C.5.1 to C.5.6), lengths included.
Bytes confirmation(Chip& chip, const Aid& performer, const TokenUse& use, ByteView fields);

/// The DAP blocks of a load that is complete, its hash compared already. Refuses with 6985: a domain without DAP
/// Verification or key, a block that is required and missing; with 6A80: a signature of something else.
void check_dap(const Nvm& nvm, const Load& load);

/// GPCS 9.6.7.1: a card may count loads and tokens that fail, and lock itself.
void count_failure(Chip& chip);

}  // namespace cw::se
