#include "app/policy_source.h"

#include "app/failure.h"
#include "app/paths.h"
#include "base/error.h"

namespace cw::app {

namespace {

/// A policy that is broken has refused nothing.
std::shared_ptr<const engine::Policy> compiled(const std::function<std::shared_ptr<const engine::Policy>()>& load) {
  std::shared_ptr<const engine::Policy> policy;
  const auto failure = failure_of([&] { policy = load(); });
  if (failure && failure->kind() == ErrorKind::policy) throw Error(ErrorKind::script, failure->message());
  if (failure) throw *failure;
  return policy;
}

}  // namespace

std::filesystem::path shipped_policy(const std::string& name) { return share_folder() / "policies" / (name + ".lua"); }

std::shared_ptr<const engine::Policy> load_policy_file(const std::filesystem::path& file,
                                                       const engine::Bundle& bundle) {
  return compiled([&] { return engine::Policy::load(file, bundle); });
}

std::shared_ptr<const engine::Policy> parse_policy(const std::string& origin, const std::string& text,
                                                   const engine::Bundle& bundle) {
  return compiled([&] { return engine::Policy::parse(origin, text, bundle); });
}

bool put_policy(store::Store& store, const engine::Policy& policy, const std::string& by, const std::string& owner) {
  if (!owner.empty()) policy.want_no_owners();
  store::Version version;
  version.hash = policy.hash();
  version.name = policy.name();
  version.origin = policy.origin();
  version.loaded_by = by;
  return store.policies(owner).load(version,
                                    store.key().seal(view(policy.text()), store::version_context(policy.hash())));
}

std::shared_ptr<const engine::Policy> stored_policy(store::Store& store, const std::string& hash,
                                                    const engine::Bundle& bundle, const std::string& owner) {
  store::Versions& versions = store.policies(owner);
  const store::Version version = versions.find(hash);
  const Bytes text = store.key().open(versions.content(version.hash), store::version_context(version.hash));
  const std::shared_ptr<const engine::Policy> policy = parse_policy(version.origin, to_string(text), bundle);
  if (policy->hash() == version.hash) return policy;
  throw Error(ErrorKind::store,
              "policy " + version.hash +
                  " holds something else than its name says: it was changed "
                  "from outside; load its file again",
              {}, "corrupt");
}

std::shared_ptr<const engine::Policy> policy_in_use(store::Store& store, const engine::Bundle& bundle,
                                                    const std::string& owner) {
  const std::optional<store::Use> use = store.policies(owner).in_use();
  return use ? stored_policy(store, use->hash, bundle, owner) : nullptr;
}

std::shared_ptr<const engine::Policy> policy_for_run(store::Store& store, const std::string& subject,
                                                     const engine::Bundle& bundle) {
  const std::string hash = store.policies().for_run(subject);
  return hash.empty() ? load_policy_file(shipped_policy("default"), bundle) : stored_policy(store, hash, bundle);
}

PolicyChoice choose_policy(const std::optional<std::filesystem::path>& file, store::Store* store,
                           const engine::Bundle& bundle) {
  if (file) return {load_policy_file(*file, bundle)};
  const store::PolicyIs is = store == nullptr ? store::PolicyIs::any : store::PolicyIs::in_use;
  if (store != nullptr) {
    if (const auto policy = policy_in_use(*store, bundle)) return {policy, is};
  }
  return {load_policy_file(shipped_policy("default"), bundle), is};
}

std::shared_ptr<const engine::Policy> policy_named(const std::string& named,
                                                   const std::function<std::shared_ptr<store::Store>()>& open,
                                                   const engine::Bundle& bundle, const std::string& owner) {
  if (named.ends_with(".lua") || named.find('/') != std::string::npos) return load_policy_file(named, bundle);
  if (named == kDenyAll) return load_policy_file(shipped_policy(named), bundle);
  const auto store = open();
  return stored_policy(*store, store->policies(owner).find(named).hash, bundle, owner);
}

}  // namespace cw::app
