#include "engine/owner_keys.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"

namespace cw::engine {

namespace {

bool is_owned(const std::string& name) { return name.find('/') != std::string::npos; }

}  // namespace

std::string OwnerKeys::in_custody(const std::string& name) const {
  if (is_owned(name)) return {};
  const std::vector<std::string> all = all_->names();
  const auto has = [&](const std::string& wanted) { return std::find(all.begin(), all.end(), wanted) != all.end(); };
  if (owner_.empty()) return has(name) ? name : std::string();
  if (std::string own = owner_ + "/" + name; has(own)) return own;
  return grant_.lends(name) && has(name) ? name : std::string();
}

crypto::KeySet OwnerKeys::find(std::string_view wanted) const {
  const std::string name(wanted);
  const std::string known = in_custody(name);
  if (!known.empty()) {
    crypto::KeySet out = all_->find(known);
    out.name = name;
    return out;
  }
  if (owner_.empty() && !is_owned(name)) return all_->find(name);  // which says what is near
  raise_unknown(name);
}

std::shared_ptr<const crypto::SigningKey> OwnerKeys::find_signing_key(std::string_view wanted,
                                                                      crypto::SigningUse use) const {
  const std::string name(wanted);
  const std::string known = in_custody(name);
  if (!known.empty()) return all_->find_signing_key(known, use);
  if (owner_.empty() && !is_owned(name)) return all_->find_signing_key(name, use);
  raise_unknown(name);
}

void OwnerKeys::raise_unknown(const std::string& name) const {
  if (owner_.empty()) {
    throw Error(ErrorKind::usage, "key set '" + name + "' is an owner's, and the operator's runs use none of theirs");
  }
  throw Error(ErrorKind::usage, "owner " + owner_ + " has no key set '" + name + "'" + did_you_mean(name, names()) +
                                    "; put [" + owner_ + "/" + name +
                                    "] into the key store, or lend the operator's: "
                                    "owners." +
                                    owner_ + ".keys in the operator's policy");
}

std::shared_ptr<const crypto::Key> OwnerKeys::find_key(std::string_view wanted) const {
  const std::string name(wanted);
  if (is_owned(name)) {
    throw Error(ErrorKind::usage, "key '" + name + "' is an owner's; its own runs name it without the owner");
  }
  return all_->find_key(owner_.empty() ? name : owner_ + "/" + name);
}

void OwnerKeys::want_usable(std::string_view wanted) const {
  const std::string known = in_custody(std::string(wanted));
  if (!known.empty()) all_->want_usable(known);
}

std::vector<std::string> OwnerKeys::names() const {
  std::vector<std::string> out;
  const std::string own = owner_ + "/";
  for (const std::string& name : all_->names()) {
    if (!owner_.empty() && name.starts_with(own)) out.push_back(name.substr(own.size()));
    if (!is_owned(name) && (owner_.empty() || grant_.lends(name))) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace cw::engine
