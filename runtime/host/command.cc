#include "host/command.h"

#include "base/hex.h"
#include "base/overloaded.h"

namespace cw::host {

namespace {

std::string text_of(const Part& part) {
  return std::visit(Overloaded{
                        [](const Bytes& bytes) { return to_hex(bytes); },
                        [](const SecretPart& secret) {
                          return "<secret " + secret.name + " " + std::to_string(secret.size) +
                                 (secret.under_dek ? " dek>" : ">");
                        },
                        [](const KeyPart& key) {
                          return "<key " + key.set + "/" + std::to_string(key.index) +
                                 (key.form == KeyPart::Form::value     ? " value>"
                                  : key.form == KeyPart::Form::signing ? " signing>"
                                                                       : ">");
                        },
                        [](const FilePart& block) {
                          return "<file " + to_hex(ByteView(block.file->sha256).first(8)) + " " +
                                 std::to_string(block.offset) + "+" + std::to_string(block.size) + ">";
                        },
                        [](const TokenPart& token) {
                          return "<token " + token.key + (token.before.empty() ? "" : " " + to_hex(token.before)) + ">";
                        },
                        [](const DapPart& dap) {
                          return "<dap " + dap.key + " " + to_hex(dap.domain) + " " +
                                 to_hex(ByteView(dap.file->sha256).first(8)) + " " + std::to_string(dap.hash) + " " +
                                 std::to_string(dap.offset) + "+" + std::to_string(dap.size) + ">";
                        },
                    },
                    part);
}

}  // namespace

void Data::add(Part part) {
  // Neighbouring bytes become one part, so that equal commands have one canonical form.
  if (const Bytes* bytes = std::get_if<Bytes>(&part)) {
    if (bytes->empty()) return;
    if (!parts_.empty()) {
      if (Bytes* last = std::get_if<Bytes>(&parts_.back())) {
        append(*last, *bytes);
        return;
      }
    }
  }
  parts_.push_back(std::move(part));
}

void Data::add(const Data& more) {
  for (const Part& part : more.parts_) add(part);
}

bool Data::plain() const { return parts_.empty() || (parts_.size() == 1 && std::holds_alternative<Bytes>(parts_[0])); }

bool Data::has_secret() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& p) { return std::holds_alternative<SecretPart>(p); });
}

bool Data::has_key() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& p) { return std::holds_alternative<KeyPart>(p); });
}

const TokenPart* Data::token() const { return parts_.empty() ? nullptr : std::get_if<TokenPart>(&parts_.back()); }

std::optional<size_t> Data::size() const {
  if (has_key() || token() != nullptr) return {};
  size_t total = 0;
  for (const Part& part : parts_) {
    if (const Bytes* bytes = std::get_if<Bytes>(&part)) total += bytes->size();
    if (const SecretPart* secret = std::get_if<SecretPart>(&part)) total += secret->size;
    if (const FilePart* file = std::get_if<FilePart>(&part)) total += file->size;
    if (const DapPart* dap = std::get_if<DapPart>(&part)) total += dap->size;
  }
  return total;
}

ByteView Data::visible() const {
  if (parts_.empty()) return {};
  if (const Bytes* bytes = std::get_if<Bytes>(&parts_[0])) return *bytes;
  return {};
}

bool changes_nothing(const Command& command) {
  constexpr uint8_t kSelect = 0xA4, kGetData = 0xCA, kGetDataOdd = 0xCB, kGetStatus = 0xF2, kReadBinary = 0xB0,
                    kReadRecord = 0xB2, kGetResponse = 0xC0;
  // What an instruction means in a class of an application's own, only that application knows.
  const bool interindustry = (command.cla & 0x80) == 0;
  switch (command.ins) {
    case kReadBinary:
    case kReadRecord:
    case kGetResponse:
      return interindustry;
    case kSelect:
    case kGetData:
    case kGetDataOdd:
    case kGetStatus:
      return true;
    default:
      return false;
  }
}

Command command_of(const card::Apdu& apdu) {
  Command command;
  command.cla = apdu.cla;
  command.ins = apdu.ins;
  command.p1 = apdu.p1;
  command.p2 = apdu.p2;
  command.data = Data(apdu.data);
  command.le = apdu.le;
  return command;
}

std::string canonical(const Command& command) {
  const uint8_t header[] = {command.cla, command.ins, command.p1, command.p2};
  std::string out = to_hex(header);
  for (const Part& part : command.data.parts()) out += " " + text_of(part);
  if (command.le) out += " le=" + std::to_string(*command.le);
  return out;
}

}  // namespace cw::host
