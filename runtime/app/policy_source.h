// Policies by the name that a user gives them: a file, or a version in the store.
//
// Thread rule: plain functions.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/bundle.h"
#include "engine/policy.h"
#include "store/store.h"

namespace cw::app {

/// The emergency stop: is there without being loaded.
inline constexpr const char* kDenyAll = "deny_all";

/// A file of the policies/ folder that comes with the program.
std::filesystem::path shipped_policy(const std::string& name);

/// The policy of that file. Raises usage, script, budget: what is wrong with it, and where.
std::shared_ptr<const engine::Policy> load_policy_file(const std::filesystem::path& file, const engine::Bundle& bundle);

/// The same of a file's text. `origin`: what it is called.
std::shared_ptr<const engine::Policy> parse_policy(const std::string& origin, const std::string& text,
                                                   const engine::Bundle& bundle);

/// Puts it into the store. `owner`: whose; empty: the operator's own. False: it was there. Raises policy: an owner's
/// says what only the operator's can.
bool put_policy(store::Store& store, const engine::Policy& policy, const std::string& by,
                const std::string& owner = {});

/// A version, opened and compiled. Raises usage: it was discarded; store, script.
std::shared_ptr<const engine::Policy> stored_policy(store::Store& store, const std::string& hash,
                                                    const engine::Bundle& bundle, const std::string& owner = {});

/// The version that operators have in use, or an owner; null: none ever was. Raises store, script.
std::shared_ptr<const engine::Policy> policy_in_use(store::Store& store, const engine::Bundle& bundle,
                                                    const std::string& owner = {});

/// The one that a run of this subject (store::subject_of()) begins under: that in use, or a canary beside it.
std::shared_ptr<const engine::Policy> policy_for_run(store::Store& store, const std::string& subject,
                                                     const engine::Bundle& bundle);

/// What runs are to begin under, and whether that is bound to be the version in use.
struct PolicyChoice {
  std::shared_ptr<const engine::Policy> policy{};
  store::PolicyIs is = store::PolicyIs::any;
};
/// The file that was named; else the version in use on the store; else policies/default.lua. `store`: may be null.
PolicyChoice choose_policy(const std::optional<std::filesystem::path>& file, store::Store* store,
                           const engine::Bundle& bundle);

/// What `named` is: a file if it ends in .lua or has a '/', else a version in the store, or deny_all. `open` gives the
/// store if it is needed. Raises usage, script, store.
std::shared_ptr<const engine::Policy> policy_named(const std::string& named,
                                                   const std::function<std::shared_ptr<store::Store>()>& open,
                                                   const engine::Bundle& bundle, const std::string& owner = {});

}  // namespace cw::app
