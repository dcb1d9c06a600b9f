// WSGetDiversifiedKeys in SOAP 1.1 and 1.2, document/literal: the request, the answer, soap:Fault, and the WSDL that
// says so. Elements are known by their local names; those that are not known are left alone, as in JSON.
//
// Plain functions; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "issuer/key_server_messages.h"

namespace cw::issuer {

enum class SoapVersion : uint8_t { v11, v12 };

ReadRequest parse_soap_request(std::string_view text, SoapVersion version);

std::string to_soap(const DiversifiedKeys& keys, SoapVersion version);
std::string to_soap(const Refused& refused, SoapVersion version);

/// Of HTTP: SOAP 1.1 has 500 for each fault, SOAP 1.2 tells the sender's from ours.
int status_of(Refusal why, SoapVersion version);
/// "text/xml; charset=utf-8"
std::string content_type(SoapVersion version);

/// `location`: where the service is, as in https://keys.example/keyserver.
std::string wsdl(std::string_view location);

}  // namespace cw::issuer
