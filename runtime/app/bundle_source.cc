#include "app/bundle_source.h"

#include <utility>

#include "app/moment.h"
#include "app/paths.h"
#include "base/error.h"
#include "base/files.h"
#include "engine/flow.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

/// Whether what was checked for one flow is right for the other.
bool takes_the_same(engine::Flow one, engine::Flow other) {
  for (engine::ArgumentSpec& spec : one.args) spec.help.clear();
  for (engine::ArgumentSpec& spec : other.args) spec.help.clear();
  return one.args == other.args && one.needs_keys == other.needs_keys;
}

}  // namespace

std::shared_ptr<const engine::Bundle> load_bundle() { return engine::Bundle::load(share_folder()); }

engine::BundleArchive read_bundle_file(const fs::path& file) {
  return engine::BundleArchive::read(read_file(file, engine::kBundleArchiveLimit), file.string());
}

crypto::Signer verify_bundle(const engine::BundleArchive& archive, const fs::path& trust, const std::string& origin) {
  const Bytes certificates = read_file(trust, 1u << 20);
  try {
    return archive.verify(text_view(certificates), now_ms() / 1000, origin);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    throw error.within("--trust " + trust.string());
  }
}

void want_signed(const engine::BundleArchive& archive, const Signers& signers, const std::string& what) {
  if (signers.empty()) return;
  std::string trust;
  for (const fs::path& each : signers) trust += to_string(read_file(each, 1u << 20)) + "\n";
  try {
    archive.verify(trust, now_ms() / 1000, what);
  } catch (const Error& error) {
    throw error.within("only signed bundles are taken here");
  }
}

void want_in_bundle(const Signers& signers, const std::string& flow_file) {
  if (signers.empty()) return;
  throw Error(ErrorKind::usage, flow_file +
                                    " has no signature, and only signed bundles are taken here (--require-signed); put "
                                    "it into a bundle, and sign that");
}

void want_scripts_of(const std::string& owner, const engine::Bundle& bundle) {
  const std::shared_ptr<const engine::Bundle> ours = load_bundle();
  const std::string own = "scripts/" + owner + "/";
  for (const auto& [name, text] : bundle.texts()) {
    if (name.starts_with(own)) continue;
    const auto known = ours->texts().find(name);
    if (name.starts_with("stdlib/") && known != ours->texts().end() && known->second == text) continue;
    throw Error(ErrorKind::policy, "the bundle of owner " + owner + " has " + name +
                                       (name.starts_with("stdlib/") ? ", which is not as this program has it; build it "
                                                                      "from a folder without stdlib"
                                                                    : "; an owner's flows are under " + own));
  }
}

Put put_bundle(store::Store& store, const engine::BundleArchive& archive, const fs::path& file, const std::string& by,
               const std::string& owner) {
  if (!owner.empty()) want_scripts_of(owner, *archive.bundle);
  store::Version version;
  version.hash = archive.bundle->hash();
  version.name = file.stem().string();
  version.origin = file.string();
  version.loaded_by = by;
  const Bytes sealed = store.key().seal(archive.write(), store::version_context(version.hash));
  store::Versions& versions = store.bundles(owner);
  if (versions.load(version, sealed)) return Put::fresh;
  // Who signed is no part of the hash.
  if (!archive.signature || stored_bundle(store, version.hash, owner).write() == archive.write()) return Put::was_there;
  versions.replace(version.hash, sealed, by, "signed anew");
  return Put::signed_anew;
}

engine::BundleArchive stored_bundle(store::Store& store, const std::string& hash, const std::string& owner) {
  store::Versions& versions = store.bundles(owner);
  const store::Version version = versions.find(hash);
  const Bytes file = store.key().open(versions.content(version.hash), store::version_context(version.hash));
  engine::BundleArchive archive = engine::BundleArchive::read(file, version.name + " in the store");
  if (archive.bundle->hash() == version.hash) return archive;
  throw Error(ErrorKind::store,
              "bundle " + version.hash +
                  " holds something else than its name says: it was changed from outside; load its file again",
              {}, "corrupt");
}

bool is_bundle_file(const std::string& name) {
  return name.ends_with(".bundle") || name.find('/') != std::string::npos;
}

std::shared_ptr<const engine::Bundle> bundle_named(const std::string& named,
                                                   const std::function<std::shared_ptr<store::Store>()>& open,
                                                   const std::string& owner) {
  std::error_code ignored;
  if (fs::is_directory(named, ignored)) return engine::Bundle::load(named);
  if (is_bundle_file(named)) return read_bundle_file(named).bundle;
  const auto store = open();
  return stored_bundle(*store, store->bundles(owner).find(named).hash, owner).bundle;
}

std::string BundleInUse::whose() { return store_->bundles(owner_).in_use() ? owner_ : std::string(); }

std::shared_ptr<const engine::Bundle> BundleInUse::now() {
  const std::string owner = whose();
  const std::optional<store::Use> use = store_->bundles(owner).in_use();
  return read(use ? use->hash : "", owner);
}

std::shared_ptr<const engine::Bundle> BundleInUse::read(const std::string& hash, const std::string& owner) {
  const std::lock_guard lock(mutex_);
  if (before_.bundle && hash == before_.hash) std::swap(last_, before_);
  if (last_.bundle && hash == last_.hash) return last_.bundle;
  Read now{hash, {}};
  if (hash.empty()) {
    now.bundle = load_bundle();
  } else {
    const engine::BundleArchive archive = stored_bundle(*store_, hash, owner);
    want_signed(archive, signers_, "bundle " + hash.substr(0, 12));
    now.bundle = archive.bundle;
  }
  before_ = std::exchange(last_, std::move(now));
  return last_.bundle;
}

void BundleInUse::follow(engine::RunSetup& setup, const std::string& subject) {
  const std::shared_ptr<const engine::Bundle> base = [&] {
    const std::string owner = whose();
    return read(store_->bundles(owner).for_run(subject), owner);
  }();
  const engine::Flow before = setup.flow ? *setup.flow : engine::check_flow(*setup.bundle, setup.flow_name);
  setup.bundle = base->with_added_of(*setup.bundle);
  auto flow = std::make_shared<const engine::Flow>(engine::check_flow(*setup.bundle, setup.flow_name));
  if (!takes_the_same(before, *flow)) {
    throw Error(ErrorKind::script, "cannot begin " + setup.flow_name + ": bundle " + base->hash().substr(0, 12) +
                                       " came into use meanwhile, and its flow takes other arguments or keys; nothing "
                                       "was sent, so look at them and begin again");
  }
  if (setup.flow) setup.flow = std::move(flow);
}

BundleChoice choose_bundle(const std::optional<std::string>& named, const std::shared_ptr<store::Store>& store,
                           const std::function<std::shared_ptr<store::Store>()>& open, const Signers& signers,
                           const std::string& owner) {
  if (named && signers.empty()) return {bundle_named(*named, open, owner)};
  if (named) {
    std::error_code ignored;
    if (fs::is_directory(*named, ignored)) {
      throw Error(ErrorKind::usage, "the folder " + *named +
                                        " has no signature, and only signed bundles are taken here; cardwright bundle "
                                        "build and bundle sign make one of it");
    }
    const bool is_file = named->ends_with(".bundle") || named->find('/') != std::string::npos;
    const engine::BundleArchive archive = is_file ? read_bundle_file(*named) : stored_bundle(*open(), *named, owner);
    want_signed(archive, signers, *named);
    return {archive.bundle};
  }
  if (!store) return {load_bundle()};
  auto follows = std::make_shared<BundleInUse>(store, signers, owner);
  auto bundle = follows->now();
  return {std::move(bundle), std::move(follows)};
}

}  // namespace cw::app
