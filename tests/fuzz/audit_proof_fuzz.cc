// Proofs of the audit come from other people: each is taken or refused with an Error, and what is taken can be checked.
#include "app/audit_proof.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const cw::store::AuditProof proof = cw::app::parse_proof(cw::text_view({data, size}), "proof");
    cw::store::holds(proof);
    cw::app::parse_proof(cw::app::proof_text(proof), "again");
  } catch (const cw::Error&) {
  }
  return 0;
}
