#include "issuer/key_server_soap.h"

#include "base/error.h"
#include "base/hex.h"
#include "json_private.h"
#include "key_server_xml_private.h"

namespace cw::issuer {

namespace {

constexpr std::string_view kSpaces[] = {"http://schemas.xmlsoap.org/soap/envelope/",
                                        "http://www.w3.org/2003/05/soap-envelope"};
constexpr std::string_view kOurs = "urn:cardwright:keyserver:1";
constexpr std::string_view kOperation = "WSGetDiversifiedKeys";
constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string space_of(SoapVersion version) { return std::string(kSpaces[version == SoapVersion::v11 ? 0 : 1]); }

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorKind::usage, what); }

/// Whether a block of the header has to be obeyed. We obey none.
bool must_understand(const XmlElement& block) {
  for (const auto& [name, value] : block.attributes) {
    if (name.ends_with(":mustUnderstand") && (value == "1" || value == "true")) return true;
  }
  return false;
}

std::optional<std::string> text_at(const XmlElement& from, std::string_view name) {
  const XmlElement* found = nullptr;
  for (const XmlElement& one : from.children) {
    if (one.name != name) continue;
    if (found != nullptr) fail("the element " + std::string(name) + " stands twice");
    found = &one;
  }
  if (found == nullptr) return {};
  if (!found->children.empty()) fail("the element " + std::string(name) + " must hold text alone");
  return found->value();
}

/// An element that may be left out, and then is not there.
std::optional<std::string> optional_text_at(const XmlElement& from, std::string_view name) {
  auto out = text_at(from, name);
  if (out && out->empty()) out.reset();
  return out;
}

const XmlElement& operation_in(const XmlElement& body) {
  if (body.children.size() != 1) fail("the Body must hold one element, " + std::string(kOperation));
  const XmlElement& out = body.children.front();
  if (out.name != kOperation) {
    fail("there is no operation " + shown(out.name, 40) + "; the one there is is " + std::string(kOperation));
  }
  return out;
}

ReadRequest read(const XmlElement& envelope, SoapVersion version) {
  if (envelope.name != "Envelope") fail("it is no SOAP Envelope");
  if (envelope.name_space() != space_of(version)) {
    return Refused{
        Refusal::soap_version,
        "the Envelope is not of the SOAP version that Content-Type says: its namespace must be " + space_of(version)};
  }
  const XmlElement* body = nullptr;
  for (const XmlElement& part : envelope.children) {
    if (body != nullptr) fail("something follows the Body");
    if (part.name == "Body") {
      body = &part;
    } else if (part.name != "Header" || &part != &envelope.children.front()) {
      fail("an Envelope holds a Header or none, and a Body");
    } else {
      for (const XmlElement& block : part.children) {
        if (!must_understand(block)) continue;
        return Refused{Refusal::must_understand, "the header " + shown(block.name, 40) + " is not understood here"};
      }
    }
  }
  if (body == nullptr) fail("the Envelope has no Body");
  const XmlElement& asked = operation_in(*body);
  return request_of({optional_text_at(asked, "url"), text_at(asked, "keyData"), text_at(asked, "keyInformation"),
                     optional_text_at(asked, "sequenceCounter"), text_at(asked, "kekIndex")});
}

std::string element(std::string_view name, std::string_view text) {
  return "<" + std::string(name) + ">" + xml_text(text) + "</" + std::string(name) + ">";
}

std::string envelope(SoapVersion version, const std::string& body) {
  return std::string(kDeclaration) + "<soap:Envelope xmlns:soap=\"" + space_of(version) + "\"><soap:Body>" + body +
         "</soap:Body></soap:Envelope>\n";
}

bool is_ours(Refusal why) { return why == Refusal::unavailable; }

/// Those that SOAP itself has a code for.
bool is_of_soap(Refusal why) { return why == Refusal::soap_version || why == Refusal::must_understand; }

std::string fault_11(const Refused& refused) {
  const std::string name(name_of(refused.why));
  const std::string code = is_of_soap(refused.why) ? name : is_ours(refused.why) ? "Server" : "Client";
  // SOAP 1.1, 4.4: a detail is there if it was the Body that could not be served.
  const std::string detail = is_of_soap(refused.why) ? ""
                                                     : "<detail><ks:fault xmlns:ks=\"" + std::string(kOurs) + "\">" +
                                                           name + "</ks:fault></detail>";
  return "<soap:Fault>" + element("faultcode", "soap:" + code) + element("faultstring", refused.message) + detail +
         "</soap:Fault>";
}

std::string fault_12(const Refused& refused) {
  const std::string name(name_of(refused.why));
  const std::string code = is_of_soap(refused.why) ? name : is_ours(refused.why) ? "Receiver" : "Sender";
  const std::string subcode =
      is_of_soap(refused.why) ? "" : "<soap:Subcode>" + element("soap:Value", "ks:" + name) + "</soap:Subcode>";
  return "<soap:Fault xmlns:ks=\"" + std::string(kOurs) + "\"><soap:Code>" + element("soap:Value", "soap:" + code) +
         subcode + "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">" + xml_text(refused.message) +
         "</soap:Text></soap:Reason></soap:Fault>";
}

std::string binding(std::string_view number, std::string_view transport) {
  const std::string soap = number == "11" ? "soap" : "soap12";
  return R"(  <wsdl:binding name="KeyServerSoap)" + std::string(number) + R"(" type="ks:KeyServer">
    <)" + soap +
         R"(:binding style="document" transport=")" + std::string(transport) + R"("/>
    <wsdl:operation name="WSGetDiversifiedKeys">
      <)" +
         soap +
         R"(:operation soapAction=""/>
      <wsdl:input><)" +
         soap + R"(:body use="literal"/></wsdl:input>
      <wsdl:output><)" +
         soap + R"(:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
)";
}

constexpr std::string_view kWsdlTypes =
    R"(<wsdl:definitions name="KeyServer" targetNamespace="urn:cardwright:keyserver:1"
    xmlns:ks="urn:cardwright:keyserver:1" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">
  <wsdl:types>
    <xs:schema targetNamespace="urn:cardwright:keyserver:1" elementFormDefault="qualified">
      <xs:element name="WSGetDiversifiedKeys"><xs:complexType><xs:sequence>
        <xs:element name="url" type="xs:string" minOccurs="0"/>
        <xs:element name="keyData" type="xs:hexBinary"/>
        <xs:element name="keyInformation" type="xs:hexBinary"/>
        <xs:element name="sequenceCounter" type="xs:hexBinary" minOccurs="0"/>
        <xs:element name="kekIndex" type="xs:unsignedByte"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="WSGetDiversifiedKeysResponse"><xs:complexType><xs:sequence>
        <xs:element name="encEnc" type="xs:hexBinary"/>
        <xs:element name="encMac" type="xs:hexBinary"/>
        <xs:element name="encDek" type="xs:hexBinary"/>
        <xs:element name="kcvEnc" type="xs:hexBinary"/>
        <xs:element name="kcvMac" type="xs:hexBinary"/>
        <xs:element name="kcvDek" type="xs:hexBinary"/>
        <xs:element name="keyVersion" type="xs:hexBinary"/>
        <xs:element name="keyType" type="xs:string"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="Request"><wsdl:part name="parameters" element="ks:WSGetDiversifiedKeys"/></wsdl:message>
  <wsdl:message name="Response"><wsdl:part name="parameters" element="ks:WSGetDiversifiedKeysResponse"/></wsdl:message>
  <wsdl:portType name="KeyServer">
    <wsdl:operation name="WSGetDiversifiedKeys">
      <wsdl:input message="ks:Request"/>
      <wsdl:output message="ks:Response"/>
    </wsdl:operation>
  </wsdl:portType>
)";

}  // namespace

ReadRequest parse_soap_request(std::string_view text, SoapVersion version) {
  try {
    return read(parse_xml(text), version);
  } catch (const Error& error) {
    return Refused{Refusal::malformed, "cannot read the request: " + error.message()};
  }
}

std::string to_soap(const DiversifiedKeys& keys, SoapVersion version) {
  std::string inside;
  const char* const names[] = {"Enc", "Mac", "Dek"};
  for (size_t i = 0; i < 3; ++i) inside += element(std::string("enc") + names[i], to_hex(keys.wrapped[i]));
  for (size_t i = 0; i < 3; ++i) inside += element(std::string("kcv") + names[i], to_hex(keys.kcvs[i]));
  inside += element("keyVersion", to_hex(keys.version)) + element("keyType", name_of(keys.type));
  return envelope(version, "<WSGetDiversifiedKeysResponse xmlns=\"" + std::string(kOurs) + "\">" + inside +
                               "</WSGetDiversifiedKeysResponse>");
}

std::string to_soap(const Refused& refused, SoapVersion version) {
  return envelope(version, version == SoapVersion::v11 ? fault_11(refused) : fault_12(refused));
}

int status_of(Refusal why, SoapVersion version) {
  if (why == Refusal::media_type) return 415;
  return version == SoapVersion::v11 || is_ours(why) || is_of_soap(why) ? 500 : 400;
}

std::string content_type(SoapVersion version) {
  return version == SoapVersion::v11 ? "text/xml; charset=utf-8" : "application/soap+xml; charset=utf-8";
}

std::string wsdl(std::string_view location) {
  const std::string at = "\"" + xml_text(location) + "\"";
  const std::string http = "http://schemas.xmlsoap.org/soap/http";
  return std::string(kDeclaration) + std::string(kWsdlTypes) + binding("11", http) + binding("12", http) +
         "  <wsdl:service name=\"KeyServer\">\n"
         "    <wsdl:port name=\"Soap11\" binding=\"ks:KeyServerSoap11\"><soap:address location=" +
         at +
         "/></wsdl:port>\n"
         "    <wsdl:port name=\"Soap12\" binding=\"ks:KeyServerSoap12\"><soap12:address location=" +
         at + "/></wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>\n";
}

}  // namespace cw::issuer
