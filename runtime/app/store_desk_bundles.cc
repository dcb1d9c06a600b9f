#include "app/bundle_answers.h"
#include "app/bundle_source.h"
#include "app/moment.h"
#include "app/store_desk.h"
#include "app/version_change.h"
#include "app/version_kind.h"

namespace cw::app {

using service::kConflict;
using service::kNotThere;

namespace {

using Json = StoreDesk::Json;

engine::BundleArchive archive_of(store::Store& store, const store::Version& version, const std::string& owner) {
  engine::BundleArchive out;
  with_cause(kConflict, [&] { out = stored_bundle(store, version.hash, owner); });
  return out;
}

}  // namespace

Json StoreDesk::bundle_list(const Command& command) {
  const auto store = open_(Wants::read);
  const VersionStates states(*store, bundle_kind(), command.owner());
  Json all = Json::array();
  for (const store::Version& version : store->bundles(command.owner()).list()) all.push_back(states.json_of(version));
  return {{"in_use", states.in_use()}, {"canary", states.canary()}, {"bundles", all}};
}

/// `text`: of the file that was asked for; null: of none.
Json StoreDesk::bundle_show(const Command& command) {
  const auto store = open_(Wants::read);
  const store::Version version = version_named(store->bundles(command.owner()), command.word("version"));
  const std::string file = command.word("file");
  Json out = VersionStates(*store, bundle_kind(), command.owner()).whole(version);
  out["signed"] = false;
  out["manifest"] = nullptr;
  out["text"] = nullptr;
  if (version.discarded != 0 && file.empty()) return out;
  const engine::BundleArchive archive = archive_of(*store, version, command.owner());
  out["signed"] = archive.signature.has_value();
  out["manifest"] = Json::parse(archive.manifest);
  if (file.empty()) return out;
  const auto found = archive.bundle->texts().find(file);
  if (found == archive.bundle->texts().end()) {
    throw Error(ErrorKind::usage,
                "bundle " + version.name + " has no file '" + file + "'; cardwright bundle show " + version.name +
                    " lists those it has",
                {}, kNotThere);
  }
  out["text"] = found->second;
  return out;
}

/// Its flows are loaded once before it is put in.
Json StoreDesk::bundle_load(const Command& command, const std::string& who) {
  const std::string origin = command.word("origin");
  const std::string name = std::filesystem::path(origin).stem().string();
  if (name.empty()) throw Error(ErrorKind::usage, "a bundle is called what its file is, and '" + origin + "' is none");
  const std::string bytes = command.word("archive");
  const engine::BundleArchive archive = engine::BundleArchive::read(view(bytes), origin);
  engine::check_scripts(*archive.bundle);
  // Where only signed ones are taken, no other signature comes into the place of a good one either.
  if (!signers_.empty()) want_signed(archive, signers_, "bundle " + name);
  const Put put = put_bundle(*open_(Wants::make), archive, origin, who, command.owner());
  return {{"name", name},
          {"hash", archive.bundle->hash()},
          {"new", put == Put::fresh},
          {"signed_anew", put == Put::signed_anew}};
}

Json StoreDesk::bundle_diff(const Command& command) {
  const auto store = open_(Wants::read);
  const auto bundle_named = [&](const char* word) {
    const store::Version version = version_named(store->bundles(command.owner()), command.word(word));
    return archive_of(*store, version, command.owner()).bundle;
  };
  const auto before = bundle_named("before");
  return diff_answer(*before, *bundle_named("after"));
}

Json StoreDesk::bundle_verify(const Command& command) {
  const auto store = open_(Wants::read);
  const store::Version version = version_named(store->bundles(command.owner()), command.word("version"));
  const engine::BundleArchive archive = archive_of(*store, version, command.owner());
  const crypto::Signer signer = archive.verify(command.word("trust"), now_ms() / 1000, version.name);
  Json out = name_and_hash(version);
  out["files"] = archive.bundle->texts().size();
  out["signer"] = signer.name;
  out["until"] = signer.until * 1000;
  out["certificate"] = signer.fingerprint;
  return out;
}

Json StoreDesk::bundle_use(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  VersionChange change;
  change.hash = version_named(store->bundles(command.owner()), command.word("version")).hash;
  if (const std::string share = command.word("canary"); !share.empty()) change.share = parse_share(share);
  return changed(*store, std::move(change), command, who);
}

Json StoreDesk::bundle_rollback(const Command& command, const std::string& who) {
  VersionChange change;
  change.is = VersionChange::Is::rollback;
  return changed(*open_(Wants::change), std::move(change), command, who);
}

Json StoreDesk::changed(store::Store& store, VersionChange change, const Command& command, const std::string& who) {
  change.owner = command.owner();
  change.by = who;
  change.reason = command.word("reason");
  change.signers = signers_;
  Json out;
  with_cause(kConflict, [&] { out = change_version(store, bundle_kind(), change, bundle()); });
  return out;
}

Json StoreDesk::bundle_discard(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  const store::Version version = version_named(store->bundles(command.owner()), command.word("version"));
  with_cause(kConflict, [&] { store->bundles(command.owner()).discard(version.hash, who); });
  Json out = name_and_hash(version);
  out["runs"] = version.runs;
  return out;
}

}  // namespace cw::app
