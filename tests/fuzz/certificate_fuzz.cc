// What strangers send to an authority: requests for certificates, questions of OCSP and their paths, certificates and
// public keys; and the subjects that people type. Each is read or refused. The first byte says which one it is.
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/ocsp.h"

namespace {

void look_at(const cw::crypto::OcspRequest& request) {
  if (request.questions.empty()) __builtin_trap();
  for (const cw::crypto::OcspQuestion& question : request.questions) {
    if (question.id.empty()) __builtin_trap();
  }
}

void read(char which, cw::ByteView bytes) {
  switch (which) {
    case 'r': {
      const cw::crypto::CertificateRequest request = cw::crypto::read_certificate_request(bytes);
      if (request.public_key.empty()) __builtin_trap();
      break;
    }
    case 'q':
      look_at(cw::crypto::read_ocsp_request(bytes));
      break;
    case 'p':
      look_at(cw::crypto::read_ocsp_request(cw::crypto::ocsp_request_in(cw::text_view(bytes))));
      break;
    case 'c':
      cw::crypto::read_certificate(cw::crypto::certificate_der(bytes));
      break;
    case 'k':
      cw::crypto::public_key_of_text(bytes);
      break;
    case 'l':
      cw::crypto::read_revocation_list(bytes);
      break;
    case 's': {
      // What was understood is written one way, and that is understood as the same.
      const std::string once = cw::crypto::subject_text(cw::text_view(bytes));
      if (cw::crypto::subject_text(once) != once) __builtin_trap();
      break;
    }
    default:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    read(static_cast<char>(data[0]), {data + 1, size - 1});
  } catch (const cw::Error& error) {
    if (error.kind() != cw::ErrorKind::usage || error.message().empty()) __builtin_trap();
  }
  return 0;
}
