#include "engine/custody.h"

#include "crypto/digest.h"
#include "gp/diversification.h"
#include "gp/put_key.h"

namespace cw::engine {

namespace {

std::shared_ptr<const crypto::Key> key_at(const crypto::KeySet& set, uint8_t index) {
  return index == 0 ? set.enc : index == 1 ? set.mac : set.dek;
}

}  // namespace

crypto::KeySet Custody::key_set(const std::string& name, ByteView diversification_data) const {
  const crypto::KeySet set = store_.find(name);
  return diversification_data.empty() ? set : gp::card_keys(set, diversification_data);
}

host::KeyInfo Custody::info(const std::string& name) const {
  const crypto::KeySet set = store_.find(name);
  host::KeyInfo info;
  info.type = set.enc->type() == crypto::KeyType::aes ? "aes" : "des";
  info.size = static_cast<uint32_t>(set.enc->size());
  info.version = set.version;
  if (set.diversification.empty()) info.kcvs = {set.enc->kcv(), set.mac->kcv(), set.dek->kcv()};
  return info;
}

const Secret& Custody::secret(const std::string& name) const {
  const auto found = secrets_.find(name);
  if (found == secrets_.end()) throw Error(ErrorKind::usage, "the run has no secret argument '" + name + "'");
  return found->second;
}

Bytes Custody::key_bytes(const host::KeyPart& part, const gp::Channel& channel, ByteView diversification_data) const {
  const crypto::KeySet set = key_set(part.set, diversification_data);
  const auto key = key_at(set, part.index);
  if (part.form == host::KeyPart::Form::value) return channel.encrypt_key(*key);
  Bytes data = gp::put_key_data(channel, 1, {gp::SecretKeyItem{key, {}}});
  data.erase(data.begin());  // the version: the command has it once, ahead of its keys
  return data;
}

Custody::Resolved Custody::resolve(const host::Command& command, const gp::Channel* channel,
                                   ByteView diversification_data) const {
  Resolved out;
  out.apdu = {command.cla, command.ins, command.p1, command.p2, {}, command.le};
  if (!channel && (command.data.has_key() || command.data.has_secret())) {
    throw Error(ErrorKind::channel,
                "keys and secret arguments leave the host in a secure channel only; open one and "
                "send the command through it");
  }
  // Pieces of a command with secrets are joined inside crypto/, so that the joined bytes are a Secret too.
  std::vector<Bytes> held;
  held.reserve(command.data.parts().size());
  std::vector<crypto::SecretPiece> pieces;
  bool secret_inside = false;
  for (const host::Part& part : command.data.parts()) {
    if (const auto* bytes = std::get_if<Bytes>(&part)) {
      pieces.push_back({*bytes, nullptr});
    } else if (const auto* file = std::get_if<host::FilePart>(&part)) {
      pieces.push_back({ByteView(file->file->content).subspan(file->offset, file->size), nullptr});
    } else if (const auto* key = std::get_if<host::KeyPart>(&part)) {
      held.push_back(key_bytes(*key, *channel, diversification_data));
      pieces.push_back({held.back(), nullptr});
    } else if (const auto* named = std::get_if<host::SecretPart>(&part)) {
      if (named->under_dek) {
        held.push_back(channel->encrypt_data(secret(named->name)));
        if (held.back().size() != named->size) {
          throw Error(ErrorKind::usage, "secret '" + named->name + "' takes " + std::to_string(held.back().size()) +
                                            " bytes under this channel's DEK, and lengths were made for " +
                                            std::to_string(named->size) + "; give keys.under_dek the channel's scp");
        }
        pieces.push_back({held.back(), nullptr});
      } else {
        pieces.push_back({{}, &secret(named->name)});
        secret_inside = true;
      }
    }
  }
  if (secret_inside) {
    out.secret = crypto::join(pieces);
  } else {
    for (const crypto::SecretPiece& piece : pieces) append(out.apdu.data, piece.bytes);
  }
  return out;
}

}  // namespace cw::engine
