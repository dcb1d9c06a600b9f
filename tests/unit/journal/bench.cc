#include "bench.h"

#include <atomic>
#include <fstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "engine/recorder.h"
#include "engine/recording_text.h"
#include "host_side.h"
#include "journal/store_budget.h"

namespace cw::journal {

namespace {

constexpr uint8_t kDes = 0x80;

End carry_out(engine::RunSetup setup, StoreJournal& journal, HostedReader& reader, KillPoint kill,
              std::chrono::milliseconds long_wait, std::optional<std::chrono::microseconds> slice,
              const std::string& told) {
  DyingJournal dying(journal, reader, kill);
  setup.journal = &dying;
  setup.http = [&](const host::HttpCall&) { return dying.call(told); };
  engine::Scheduler scheduler(long_wait, slice);
  scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
  scheduler.run_all(dying.asked_to_end());
  const engine::RunResult& result = scheduler.at(0).result();
  End end;
  end.rebuilt = dying.rebuilt();
  end.id = journal.id();
  end.attempts = result.attempts;
  end.can_resume = result.can_resume;
  if (result.error) end.error = std::string(name_of(result.error->kind())) + ": " + result.error->message();
  return end;
}

/// Nothing here is about power cuts, so the store may lie where a sync costs nothing.
std::filesystem::path place() {
  const std::filesystem::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

const char* server() { return ::getenv("CW_TEST_POSTGRES"); }

}  // namespace

Bench::Bench(const std::string& name, On engine) : flavor(se::flavor(name)) {
  static std::atomic<int> count{0};
  static const auto shared = engine::Bundle::load(CW_SOURCE_DIR);
  std::string pattern = (place() / "cw-journal-XXXXXX").string();
  folder = mkdtemp(pattern.data());
  where_ = (folder / "store.db").string();
  if (engine == On::postgres) {
    if (server() == nullptr) throw Error(ErrorKind::usage, "CW_TEST_POSTGRES names no server");
    write_file_atomically(folder / "store.key", view(std::string(64, '7')), true);
    schema_ = "bench_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    store::open_database(server(), false)->run({"CREATE SCHEMA " + schema_, {}});
    const std::string url = server();
    where_ = url + (url.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
  }
  bundle = shared;
  // The default policy, and a backend.
  std::ofstream((folder / "policy.lua").string())
      << "local p = require \"cw.policy\"\nreturn { name = \"bench\", api = 1, summary = \"for stories\",\n"
         "allow = { flows = { \"*\" }, channel = { level = \"none\" }, backends = { [\"https://backend.test/\"] = { "
         "keks = { \"test.kek\" } } } },\n"
         "limits = { awake_s = 180, expires_s = 604800, instructions = 50000000, memory_mib = 16, commands = 4000, "
         "attempts = 9, auth_attempts = 2 },\n"
         "rules = { p.deny { on = \"DELETE\", when = p.aid.is(\"isd\"), because = \"the ISD stays\" } },\n"
         "examples = { p.example { command = \"80E40000 0A 4F08A000000151000000\", expect = \"deny\" } } }\n";
  policy = engine::Policy::load((folder / "policy.lua").string(), *bundle);
  put_in();
}

Bench::~Bench() {
  host.reset();
  std::filesystem::remove_all(folder);
  if (!schema_.empty()) store::open_database(server(), false)->run({"DROP SCHEMA " + schema_ + " CASCADE", {}});
}

void Bench::put_in(const std::string& memory) {
  host.reset();
  card =
      memory.empty() ? std::make_shared<se::Card>(flavor) : std::make_shared<se::Card>(se::Card::load(memory, flavor));
  host = std::make_unique<CardHost>(card);
}

std::string Bench::flow_file(const std::string& name, const std::string& body, const std::string& head) const {
  const std::string file = (folder / (name + ".lua")).string();
  std::ofstream(file) << "local apdu, clock, hex = require \"apdu\", require \"clock\", require \"hex\"\n"
                         "local http, keys, random = require \"http\", require \"keys\", require \"random\"\n"
                         "local gp, perso, sd = require \"cw.gp\", require \"cw.perso\", require \"cw.sd\"\n"
                         "return { name = \""
                      << name << "\", summary = \"for a story\",\n"
                      << (head.empty() ? "needs = { keys = { \"isd\" } }," : head) << "\nrun = function(run)\n"
                      << body << "\nend }\n";
  return file;
}

store::StoreOptions Bench::options() const {
  store::StoreOptions out;
  out.where = where_;
  if (!schema_.empty()) out.key = folder / "store.key";
  out.node = node;
  out.lease = lease;
  out.margin = margin;
  return out;
}

std::shared_ptr<store::Store> Bench::open_store() const { return store::Store::open(options()); }

std::shared_ptr<const crypto::KeyStore> Bench::keys() const {
  const se::FactoryKeys& factory = flavor.keys.front();
  const std::string type = factory.type == kDes ? "des" : "aes";
  std::string text;
  const auto add = [&](const std::string& name, const std::string& version, const std::string& key) {
    text += "[" + name + "]\ntype = " + type + "\nversion = " + version + "\nenc = " + key + "\nmac = " + key +
            "\ndek = " + key + "\n";
  };
  add("isd", isd_version.empty() ? to_hex(factory.version) : isd_version, to_hex(factory.enc));
  add("demo.sd", "30", "101112131415161718191A1B1C1D1E1F");
  add("demo.sd2", "31", "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF");
  if (!kek.empty()) text += "[test.kek]\ntype = aes\nkey = " + kek + "\n";
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys"));
}

engine::RunSetup Bench::setup(const std::string& flow, const std::vector<std::string>& settings,
                              card::Reader& reader) const {
  engine::RunSetup setup;
  setup.bundle = flow.ends_with(".lua") ? bundle->with_file(flow) : bundle;
  setup.flow_name = flow;
  setup.policy = owner.empty() ? policy : policy->over(nullptr, owner);
  setup.owner = owner;
  std::vector<engine::Setting> all;
  for (const std::string& text : settings) all.push_back(engine::Setting::parse(text));
  for (const auto& [name, value] : secrets) all.push_back({name, Secret::copy(view(value))});
  setup.arguments = engine::Arguments::check(engine::check_flow(*setup.bundle, flow), std::move(all));
  setup.keys = keys();
  setup.reader = &reader;
  setup.flavor = engine::host_side(flavor);
  setup.inputs = inputs;
  return setup;
}

Process Bench::start(const std::string& flow, const std::vector<std::string>& settings, KillPoint kill) {
  return {*host, [&, kill](int line) {
            HostedReader reader(line);
            engine::RunSetup made = setup(flow, settings, reader);
            const auto store = open_store();
            Origin origin;
            origin.seed = seed;
            if (seed) made.inputs = engine::Inputs::repeatable(*seed);
            const auto journal = StoreJournal::begin(store, made, origin, "test");
            if (budgets) made.ledger = std::make_shared<StoreBudget>(store, journal->id());
            return carry_out(std::move(made), *journal, reader, kill, long_wait, slice, told);
          }};
}

End Bench::run(const std::string& flow, const std::vector<std::string>& settings, KillPoint kill) {
  End end = start(flow, settings, kill).end();
  if (end.id.empty()) {
    store::RunFilter newest;
    newest.limit = 1;
    const auto rows = open_store()->runs().list(newest);
    if (!rows.empty()) end.id = rows.front().id;
  }
  return end;
}

Process Bench::start_resume(const std::string& id, KillPoint kill) {
  return {*host, [this, id, kill](int line) {
            HostedReader reader(line);
            const auto store = open_store();
            StoreJournal::TakenUp taken = StoreJournal::take_up(
                store, id, [](std::chrono::milliseconds) { return true; }, "test");
            engine::RunSetup made = std::move(taken.setup);
            made.keys = keys();
            made.reader = &reader;
            made.flavor = engine::host_side(flavor);
            if (!seed) made.inputs = inputs;
            if (budgets) made.ledger = std::make_shared<StoreBudget>(store, id);
            return carry_out(std::move(made), *taken.journal, reader, kill, long_wait, slice, told);
          }};
}

End Bench::resume(const std::string& id, KillPoint kill) {
  End end = start_resume(id, kill).end();
  end.id = id;
  return end;
}

std::string Bench::replay(const std::string& id) const {
  const auto store = open_store();
  const OpenedJournal opened = open_journal(*store, id);
  engine::RunSetup made = read_setup(*store, opened.head, opened.key);
  engine::RecordingHead head = opened.head.recording;
  head.arguments = engine::recorded_arguments(engine::check_flow(*made.bundle, made.flow_name), made.arguments);
  const std::string text =
      std::string(engine::kRecordingVersion) + "\n\n" + engine::head_text(head) + opened.lines.recorded;
  auto recording = std::make_shared<const engine::Recording>(engine::Recording::parse(text, "the journal"));
  made.flavor = engine::host_side(flavor);
  made.replay = std::make_shared<engine::Replay>(std::move(recording));
  engine::Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(made)));
  scheduler.run_all();
  const auto& error = scheduler.at(0).result().error;
  return error ? std::string(name_of(error->kind())) + ": " + error->message() : "";
}

std::string memory_of(const se::Card& card) { return card.state_digest_text(); }

}  // namespace cw::journal
