// Bundles by the name that a user gives them: a folder, a file, or a version in the store.
//
// Thread rule: plain functions; BundleInUse: any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/bundle.h"
#include "engine/bundle_archive.h"
#include "engine/run.h"
#include "store/store.h"

namespace cw::app {

/// The bundle of the share folder.
std::shared_ptr<const engine::Bundle> load_bundle();

/// Raises usage: cannot be read; script: no bundle.
engine::BundleArchive read_bundle_file(const std::filesystem::path& file);

/// Who signed it, as of now. `trust`: certificates of CAs. Raises as BundleArchive::verify(); usage: cannot be read.
crypto::Signer verify_bundle(const engine::BundleArchive& archive, const std::filesystem::path& trust,
                             const std::string& origin);

/// Certificates of CAs, whose signers are those that may sign. Empty: it need not be signed.
using Signers = std::vector<std::filesystem::path>;
/// Raises script: nobody signed it, or another; usage: certificates that cannot be read. `what`: for messages.
void want_signed(const engine::BundleArchive& archive, const Signers& signers, const std::string& what);

/// Raises usage: only signed bundles are taken, and a flow in a file of its own is in none.
void want_in_bundle(const Signers& signers, const std::string& flow_file);

enum class Put : uint8_t { fresh, was_there, signed_anew };
/// Puts it into the store; its name is that of the file. One that is there keeps its signature, or gets this one.
/// `owner`: whose; empty: the operator's own. Raises policy: an owner's has more than its own scripts, under
/// scripts/OWNER/: the program's library is what the operator's policy is read with, and flows are allowed by name.
Put put_bundle(store::Store& store, const engine::BundleArchive& archive, const std::filesystem::path& file,
               const std::string& by, const std::string& owner = {});

/// A version, opened. Raises usage: it was discarded; store; script: this program cannot read it.
engine::BundleArchive stored_bundle(store::Store& store, const std::string& hash, const std::string& owner = {});

/// Whether a name is that of a file, not of a version: it ends in .bundle or has a '/'.
bool is_bundle_file(const std::string& name);

/// What `named` is: a folder with scripts/ and stdlib/; a file as is_bundle_file() says; else a version in
/// the store. `open` gives the store if it is needed. Raises usage, script, store.
std::shared_ptr<const engine::Bundle> bundle_named(const std::string& named,
                                                   const std::function<std::shared_ptr<store::Store>()>& open,
                                                   const std::string& owner = {});

/// The bundle that is in use on a store, and a canary beside it, read once for each that was: an owner's own once it
/// has one in use, else the operator's.
class BundleInUse {
 public:
  /// `signers`: raises script instead of giving a bundle that none of theirs has signed. `owner`: of the runs; empty:
  /// the operator.
  explicit BundleInUse(std::shared_ptr<store::Store> store, Signers signers = {}, std::string owner = {})
      : store_(std::move(store)), signers_(std::move(signers)), owner_(std::move(owner)) {}

  /// The one of the share folder as long as none ever was. Raises store, script.
  std::shared_ptr<const engine::Bundle> now();

  /// Another one came into use before the run of `setup` could begin, or it is one for the canary (`subject` as of
  /// store::subject_of()): puts that one into it, with the flow file that was added. Raises script: its flow takes
  /// other arguments, which the run's were not checked for; and as now().
  void follow(engine::RunSetup& setup, const std::string& subject);

 private:
  /// `hash`: empty: none ever was in use. `owner`: whose it is.
  std::shared_ptr<const engine::Bundle> read(const std::string& hash, const std::string& owner);
  /// Whose versions count.
  std::string whose();

  std::shared_ptr<store::Store> store_;
  Signers signers_;
  std::string owner_;
  std::mutex mutex_;
  struct Read {
    std::string hash{};
    std::shared_ptr<const engine::Bundle> bundle{};
  };
  Read last_{}, before_{};  // two, since a canary and the one in use take turns
};

/// What runs are to begin under, and who knows if that is still in use.
struct BundleChoice {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::shared_ptr<BundleInUse> follows{};  // null: whatever is in use
};
/// The one that was named; else the one in use on the store; else the one of the share folder. `store`: may be null.
/// `signers`: as for BundleInUse.
BundleChoice choose_bundle(const std::optional<std::string>& named, const std::shared_ptr<store::Store>& store,
                           const std::function<std::shared_ptr<store::Store>()>& open, const Signers& signers = {},
                           const std::string& owner = {});

}  // namespace cw::app
