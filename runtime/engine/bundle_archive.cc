#include "engine/bundle_archive.h"

#include "base/error.h"
#include "bundle_limits_private.h"
#include "bundle_manifest_private.h"
#include "bundle_tar_private.h"
#include "engine/flow.h"

namespace cw::engine {

namespace {

constexpr const char* kManifest = "manifest.json";
constexpr const char* kSignature = "manifest.sig";
constexpr const char* kCertificates = "certificates.pem";
constexpr size_t kNotScripts = 3;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::script, why); }

/// Raises script: it cannot be in a bundle.
void want_fit(const std::string& name, const std::string& text) {
  std::string why = odd_name(name);
  if (why.empty() && text.size() > kBundleFileLimit) why = "it is larger than 256 KiB";
  if (why.empty()) why = not_text(text);
  if (!why.empty()) refuse(name + ": " + why);
}

BundleArchive read_members(std::vector<TarFile> members) {
  BundleArchive out;
  size_t at = 0;
  const auto is = [&](const char* name) { return at < members.size() && members[at].name == name; };
  if (!is(kManifest)) refuse("its first member is not manifest.json");
  out.manifest = std::move(members[at++].content);
  if (is(kSignature)) {
    out.signature.emplace();
    out.signature->signature = to_bytes(members[at++].content);
    if (!is(kCertificates)) refuse("it has a signature, and no certificates.pem behind that");
    out.signature->chain = std::move(members[at++].content);
  }
  std::map<std::string, std::string> texts;
  size_t total = 0;
  for (; at < members.size(); ++at) {
    TarFile& member = members[at];
    want_fit(member.name, member.content);
    if (texts.contains(member.name)) refuse("it has " + member.name + " twice");
    if (!texts.empty() && member.name < texts.rbegin()->first) refuse(member.name + " is not in its place");
    total += member.content.size();
    if (total > kBundleLimit) refuse("its scripts have more than 16 MiB");
    texts.emplace(std::move(member.name), std::move(member.content));
  }
  out.bundle = Bundle::of(std::move(texts));
  check_manifest(out.manifest, out.bundle->hash(), out.bundle->texts());
  return out;
}

}  // namespace

BundleArchive BundleArchive::of(std::shared_ptr<const Bundle> bundle) {
  size_t total = 0;
  for (const auto& [name, text] : bundle->texts()) {
    want_fit(name, text);
    total += text.size();
  }
  if (total > kBundleLimit) refuse("the scripts have more than 16 MiB");
  if (bundle->texts().size() > kBundleFileCount) refuse("there are more than 4096 scripts");
  BundleArchive out;
  out.manifest = write_manifest(bundle->hash(), bundle->texts());
  out.bundle = std::move(bundle);
  return out;
}

BundleArchive BundleArchive::read(ByteView archive, const std::string& origin) {
  try {
    return read_members(read_tar(archive, kBundleFileCount + kNotScripts, kBundleArchiveLimit));
  } catch (const Error& error) {
    throw error.within("cannot read the bundle " + origin);
  }
}

Bytes BundleArchive::write() const {
  std::vector<TarFile> members{{kManifest, manifest}};
  if (signature) {
    members.push_back({kSignature, to_string(signature->signature)});
    members.push_back({kCertificates, signature->chain});
  }
  for (const auto& [name, text] : bundle->texts()) members.push_back({name, text});
  return write_tar(members);
}

void BundleArchive::sign(const Secret& key_pem, std::string_view chain_pem) {
  signature = crypto::sign_certified(key_pem, chain_pem, view(manifest));
}

crypto::Signer BundleArchive::verify(std::string_view trust_pem, int64_t now, const std::string& origin) const {
  const std::string doing = "cannot trust the bundle " + origin;
  if (!signature) throw Error(ErrorKind::script, doing + ": nobody signed it; see cardwright bundle sign");
  try {
    return crypto::verify_certified(*signature, view(manifest), trust_pem, now);
  } catch (const Error& error) {
    throw error.within(doing);
  }
}

void check_scripts(const Bundle& bundle) {
  for (const auto& text : bundle.texts()) lua::compile(text.first, text.second);
  for (const std::string& flow : bundle.flow_names()) check_flow(bundle, flow);
}

}  // namespace cw::engine
