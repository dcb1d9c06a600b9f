#include "app/bundle_source.h"

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

bool put_bundle(store::Store& store, const engine::BundleArchive& archive, const fs::path& file,
                const std::string& by) {
  store::Version version;
  version.hash = archive.bundle->hash();
  version.name = file.stem().string();
  version.origin = file.string();
  version.loaded_by = by;
  return store.bundles().load(version, store.key().seal(archive.write(), store::version_context(version.hash)));
}

engine::BundleArchive stored_bundle(store::Store& store, const std::string& hash) {
  const store::Version version = store.bundles().find(hash);
  const Bytes file = store.key().open(store.bundles().content(version.hash), store::version_context(version.hash));
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
                                                   const std::function<std::shared_ptr<store::Store>()>& open) {
  std::error_code ignored;
  if (fs::is_directory(named, ignored)) return engine::Bundle::load(named);
  if (is_bundle_file(named)) return read_bundle_file(named).bundle;
  const auto store = open();
  return stored_bundle(*store, store->bundles().find(named).hash).bundle;
}

std::shared_ptr<const engine::Bundle> BundleInUse::now() {
  const std::lock_guard lock(mutex_);
  const std::optional<store::Use> use = store_->bundles().in_use();
  const std::string hash = use ? use->hash : "";
  if (last_ && hash == hash_) return last_;
  last_ = use ? stored_bundle(*store_, hash).bundle : load_bundle();
  hash_ = hash;
  return last_;
}

void BundleInUse::follow(engine::RunSetup& setup) {
  const std::shared_ptr<const engine::Bundle> base = now();
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
                           const std::function<std::shared_ptr<store::Store>()>& open) {
  if (named) return {bundle_named(*named, open)};
  if (!store) return {load_bundle()};
  auto follows = std::make_shared<BundleInUse>(store);
  auto bundle = follows->now();
  return {std::move(bundle), std::move(follows)};
}

}  // namespace cw::app
