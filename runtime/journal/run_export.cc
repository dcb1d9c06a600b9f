#include "journal/run_export.h"

#include <sstream>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "engine/recorder.h"
#include "engine/recording_text.h"
#include "journal/replay_run.h"

namespace cw::journal {

namespace {

using nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr const char* kWhat = "cardwright run";

/// The head without what is sealed: a secret argument is its size.
ordered_json plain_head(const Head& head, const engine::RunSetup& setup) {
  ordered_json out = ordered_json::parse(head.arguments);
  for (const auto& [name, secret] : setup.arguments.secrets)
    out["arguments"][to_hex(view(name))] = {{"size", secret.size()}};
  for (const char* place : {"keys", "card_state"}) out.erase(place);
  return out;
}

/// The lines of the body, behind the head of the run. What ended the replay may have ended nothing in the journal: that
/// runs out, or it ends with an attempt that failed.
std::string body_of(const std::string& recording, const Replayed& replayed, store::RunState state) {
  const size_t at = recording.find("\nattempt ");
  if (at == std::string::npos) return {};
  std::string body = recording.substr(at + 1);
  constexpr std::string_view kEnd = "\nend ";
  const size_t end = body.rfind(kEnd);
  if (end == std::string::npos) return body;
  if (replayed.result.ran_out) {
    body.resize(end + 1);
  } else if (state == store::RunState::stuck) {
    // Said already where the script could not see what ended its last attempt.
    const size_t before = body.rfind('\n', end - 1);
    const bool said = before != std::string::npos && body.compare(before + 1, 7, "failed ") == 0;
    if (said) {
      body.resize(end + 1);
    } else {
      body.replace(end, kEnd.size(), "\nfailed ");
      while (body.ends_with("\n\n")) body.pop_back();
    }
  }
  return body;
}

/// Names of cards, flows and policies are anybody's, and JSON has UTF-8 alone.
std::string text_of(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string digest_of(const ordered_json& run) {
  return to_hex(crypto::digest(crypto::Hash::sha256, view(text_of(run, -1))));
}

}  // namespace

std::string export_run(store::Store& store, const OpenedJournal& journal, bool all_answers) {
  engine::RunSetup setup = read_setup(store, journal.head, journal.key);
  ordered_json run;
  const store::RunRow& row = journal.row;
  run["row"] = {{"id", row.id},           {"state", name_of(row.state)}, {"flow", row.flow},
                {"card", row.card},       {"card_id", row.card_id},      {"flavor", row.flavor},
                {"bundle", row.bundle},   {"policy", row.policy},        {"policy_hash", row.policy_hash},
                {"created", row.created}, {"changed", row.changed},      {"attempts", row.attempts},
                {"error", row.error}};
  if (!row.owner.empty()) {
    run["row"]["owner"] = row.owner;
    run["row"]["owner_policy"] = row.owner_policy;
    run["row"]["owner_policy_hash"] = row.owner_policy_hash;
  }
  run["head"] = plain_head(journal.head, setup);
  run["head"]["all_answers"] = all_answers;
  ordered_json files = ordered_json::object();
  for (const std::string& sha256 : row.files) files[sha256] = to_hex(stored_file(store, sha256));
  run["files"] = files;
  run["all_answers"] = all_answers;
  if (all_answers) {
    run["lines"] = journal.lines.recorded;
  } else {
    std::ostringstream text;
    engine::Recorder recorder(text, {});
    ReplayOptions options;
    options.recorder = &recorder;
    const Replayed replayed = replay_run(journal, std::move(setup), options);
    if (replayed.difference) {
      throw Error(ErrorKind::usage, "exporting run " + row.id + " without answers of applets: it cannot be replayed (" +
                                        replayed.difference->message() + "); --answers exports it with all of them");
    }
    run["lines"] = body_of(text.str(), replayed, row.state);
  }
  const ordered_json out = {{"what", kWhat}, {"format", kFormat}, {"sha256", digest_of(run)}, {"run", run}};
  return text_of(out, 1) + "\n";
}

std::string import_run(store::Store& store, std::string_view text, const std::string& actor) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::usage, "importing a run: " + why); };
  const ordered_json file = ordered_json::parse(text, nullptr, false);
  store::RunRow row;
  try {
    if (file.is_discarded() || file.value("what", "") != kWhat) {
      refuse("this is no file that cardwright runs export has written");
    }
    if (file.at("format") != kFormat) refuse("it is of another format; a newer cardwright wrote it");
    const ordered_json& run = file.at("run");
    if (file.at("sha256") != digest_of(run)) refuse("it was changed or cut since it was written");
    const ordered_json& from = run.at("row");
    row.id = from.at("id");
    row.flow = from.at("flow");
    row.card = from.at("card");
    row.card_id = from.at("card_id");
    row.flavor = from.at("flavor");
    row.bundle = from.at("bundle");
    row.policy = from.at("policy");
    row.policy_hash = from.at("policy_hash");
    row.owner = from.value("owner", "");
    row.owner_policy = from.value("owner_policy", "");
    row.owner_policy_hash = from.value("owner_policy_hash", "");
    row.created = from.at("created");
    row.changed = from.at("changed");
    row.attempts = from.at("attempts");
    row.error = from.at("error");
    const auto state = store::run_state_named(from.at("state").get<std::string>());
    if (!state) refuse("it has a state that there is not");
    // Here it is evidence: nobody goes on with it on a desk.
    row.state = is_over(*state) ? *state : store::RunState::stopped;
    for (const auto& [sha256, content] : run.at("files").items()) {
      const Bytes bytes = from_hex(content.get<std::string>());
      if (to_hex(crypto::digest(crypto::Hash::sha256, bytes)) != sha256) refuse("file " + sha256 + " in it is another");
      store.put_file(sha256, store.key().seal(bytes, store::file_context(sha256)));
      row.files.push_back(sha256);
    }
    const std::string head = run.at("head").dump();
    read_head(head);
    const std::string lines = run.at("lines");
    JournalLines().read(lines);
    const crypto::SealingKey key = crypto::SealingKey::random();
    store.runs().put(row, store.key().seal(key, store::run_key_context(row.id)),
                     {key.seal(view(head), frame_context(0)), key.seal(view(lines), frame_context(1))});
  } catch (const ordered_json::exception&) {
    refuse("it is not as cardwright writes it");
  }
  store::AuditEntry entry{actor, "run imported", row.id, {{"flow", row.flow}, {"card", row.card}}};
  if (!row.owner.empty()) entry.details.emplace_back("owner", row.owner);
  store.audit().add(entry);
  return row.id;
}

}  // namespace cw::journal
