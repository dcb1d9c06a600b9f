#include "service/expanded_format.h"

#include "base/error.h"
#include "base/hex.h"
#include "card/tlv.h"

namespace cw::service {

namespace {

constexpr card::Tag kCommands = 0xAA;
constexpr uint8_t kCommandsIndefinite = 0xAE;
constexpr card::Tag kCommand = 0x22;
constexpr card::Tag kResponses = 0xAB;
constexpr uint8_t kResponsesIndefinite = 0xAF;
constexpr card::Tag kAnswer = 0x23;
constexpr card::Tag kExecuted = 0x80;
constexpr card::Tag kSuspension = 0x81;
constexpr card::Tag kChaining = 0x83;
constexpr card::Tag kBadFormat = 0x90;
constexpr uint8_t kIndefinite = 0x80;
constexpr size_t kMaxAnswer = 65'538;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::usage, "cannot read the response script: " + why);
}

struct Object {
  card::Tag tag = 0;
  ByteView value{};
};

/// Takes one object from the front.
Object take(ByteView& bytes) {
  const auto header = card::read_tlv_header(bytes);
  if (!header) refuse("an object in it is cut short, or has no definite length");
  if (header->length > bytes.size() - header->size) refuse("an object in it is longer than what holds it");
  const Object out{header->tag, bytes.subspan(header->size, header->length)};
  bytes = bytes.subspan(header->size + header->length);
  return out;
}

uint8_t single(const Object& object, const char* what) {
  if (object.value.size() != 1) refuse(std::string("its ") + what + " is not one byte");
  return object.value[0];
}

void once(bool there, const char* what) {
  if (there) refuse(std::string("its ") + what + " stands twice");
}

/// The content, without tag, length and, of an indefinite one, the end-of-contents octets, which must end it.
ByteView content_of(ByteView bytes, bool& definite) {
  if (bytes.empty()) refuse("it is empty");
  definite = bytes[0] == kResponses;
  if (definite) {
    const Object outer = take(bytes);
    if (!bytes.empty()) refuse("there are bytes behind it");
    return outer.value;
  }
  if (bytes[0] != kResponsesIndefinite) refuse("it begins with " + to_hex(bytes[0]) + ", not with AB or AF");
  if (bytes.size() < 2 || bytes[1] != kIndefinite) refuse("the length of AF is not 80");
  return bytes.subspan(2);
}

void read_answer(const Object& object, ResponseScript& out) {
  if (out.bad_format || out.suspension || out.chaining) refuse("an R-APDU follows the error that ended it");
  if (object.value.size() < 2) refuse("an R-APDU in it has no status word");
  if (object.value.size() > kMaxAnswer) refuse("an R-APDU in it is longer than one can be");
  if (out.answers.size() == kMaxScriptAnswers)
    refuse("it has more than " + std::to_string(kMaxScriptAnswers) + " R-APDUs");
  out.answers.push_back(to_bytes(object.value));
}

void read_object(const Object& object, ResponseScript& out) {
  switch (object.tag) {
    case kAnswer:
      return read_answer(object, out);
    case kBadFormat:
      once(out.bad_format.has_value(), "bad format");
      out.bad_format = single(object, "bad format");
      return;
    case kSuspension:
      once(out.suspension.has_value(), "immediate action response");
      out.suspension = single(object, "immediate action response");
      return;
    case kChaining:
      once(out.chaining.has_value(), "script chaining response");
      out.chaining = single(object, "script chaining response");
      return;
    default:
      refuse("it holds an object of unknown tag");
  }
}

/// Table 5.11: how many command TLVs were executed, in front of all else.
void read_executed(ByteView& content, ResponseScript& out) {
  const Object object = take(content);
  if (object.tag != kExecuted) refuse("it does not begin with the number of executed commands");
  if (object.value.empty() || object.value.size() > 4) refuse("its number of executed commands is not 1 to 4 bytes");
  out.executed = static_cast<uint32_t>(read_be(object.value));
}

}  // namespace

Bytes print_command_script(const std::vector<Bytes>& commands, ScriptCoding coding) {
  Bytes content;
  for (const Bytes& command : commands) append(content, card::tlv(kCommand, command));
  if (coding == ScriptCoding::definite) return card::tlv(kCommands, content);
  Bytes out{kCommandsIndefinite, kIndefinite};
  append(out, content);
  append(out, {0x00, 0x00});
  return out;
}

ResponseScript read_response_script(ByteView bytes) {
  bool definite = false;
  ByteView content = content_of(bytes, definite);
  ResponseScript out;
  // AF has none by table 5.10a; cards were seen that send it all the same.
  if (definite || (!content.empty() && content[0] == kExecuted)) read_executed(content, out);
  while (!content.empty()) {
    if (!definite && content[0] == 0x00) {
      if (content.size() != 2 || content[1] != 0x00) refuse("what follows its last object are not the two bytes 0000");
      return out;
    }
    read_object(take(content), out);
  }
  if (!definite) refuse("it does not end with 0000");
  return out;
}

}  // namespace cw::service
