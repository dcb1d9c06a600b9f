#include "kinds.h"

#include "base/error.h"
#include "engine/scheduler.h"
#include "se/sim_reader.h"

namespace cw::journal {

namespace {

// Taken in between the commands, so that the journal shows where they are.
const std::string kMark = "random.bytes(7)\n";
const std::string kMarkLine = "\nrandom 7 ";

const std::string kHead = R"(
  args = { cap = { type = "cap", help = "CAP file" }, pin = { type = "secret", help = "PIN" } },
  needs = { keys = { "isd", "demo.sd" }, backends = { "https://backend.test/" } },)";

const std::string kOpen = R"(
  local cap = run.args.cap
  local applet = cap.applets[1]
  local isd = gp.open(run.card, { keys = "isd", level = "mac+enc", flavor = run.flavor })
)";

const std::string kLoad = kOpen + "isd:load(cap)\n";
const std::string kInstall = kLoad + "isd:install { elf = cap.package_aid, module = applet, aid = applet }\n";
const std::string kAgain = "isd = gp.open(run.card, { keys = 'isd', flavor = run.flavor })\nisd:registry()";

std::vector<Kind> make() {
  std::vector<Kind> out;
  const auto add = [&](const std::string& name) -> Kind& { return out.emplace_back(Kind{.name = name}); };
  add("reset, the run's first").first = true;

  Kind& reset = add("reset");
  reset.command = "run.card:reset()";
  reset.tail = kAgain;
  reset.opens = true;

  Kind& select = add("SELECT");
  select.command = "gp.select(run.card, run.flavor.isd_aid)";
  select.tail = kAgain;
  select.opens = true;

  for (const bool second : {false, true}) {
    Kind& open = add(second ? "`open`: EXTERNAL AUTHENTICATE" : "`open`: INITIALIZE UPDATE");
    open.before = "gp.select(run.card, run.flavor.isd_aid)";
    open.command = "local channel = run.card:open_channel { keys = 'isd', level = 'mac+enc' }";
    open.tail =
        "channel:expect(apdu.command { cla = 0x80, ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex'4F00', le = 256 })";
    open.apdu = second ? 2 : 1;
  }

  Kind& plain = add("plain GET DATA");
  plain.before = "gp.select(run.card, run.flavor.isd_aid)";
  plain.command = "gp.get_data(run.card, 0x0066)";
  plain.tail = "gp.get_data(run.card, 0x0066)";

  add("wrapped GET STATUS").command =
      "isd:expect(apdu.command { cla = 0x80, ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex'4F00', le = 256 })";

  Kind& load = add("plan of INSTALL [for load] and LOADs");
  load.done = "isd:entry(cap.package_aid)";
  load.command = "isd:load(cap)";
  load.apdu = 3;

  Kind& install = add("INSTALL [for install]");
  install.prepare = kLoad;
  install.done = "isd:entry(applet)";
  install.command = "isd:install { elf = cap.package_aid, module = applet, aid = applet }";

  Kind& key = add("PUT KEY");
  key.done = "#isd:key_info() > 6";
  key.command = "isd:put_key('demo.sd', 0x33)";

  Kind& store = add("STORE DATA with a secret");
  store.prepare = kInstall;
  store.ready = "isd:connect()";
  store.done = "gp.try_select(run.card, applet) and gp.get_data(run.card, 0x0102)";
  store.command =
      "perso.store(isd, { aid = applet, dgis = { { 0x0101, 'Ada' }, { 0x8201, run.args.pin }, { 0x0102, '4711' } } })";
  store.apdu = 2;

  Kind& remove = add("DELETE");
  remove.prepare = kInstall;
  remove.done = "not isd:entry(applet)";
  remove.command = "isd:delete(applet)";

  add("a call of a backend").command = "http.request { url = 'https://backend.test/answer' }";
  return out;
}

}  // namespace

const std::vector<std::string> kSettings{std::string("cap=") + CW_SOURCE_DIR + "/tests/caps/wallet-1.0.cap"};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = make();
  return all;
}

const Kind* kind_named(const std::string& name) {
  for (const Kind& kind : kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::string flow_of(const Bench& bench, const Kind& kind, Around around) {
  if (kind.first) return bench.flow_file("first", kOpen + "isd:registry()", kHead);
  // Another command that says nothing new; a channel that was closed is not opened for it.
  const std::string wait = "clock.sleep(0.004)\n";
  const std::string other = "run.card:send(apdu.command { cla = 0x00, ins = 0xCA, p1 = 0x00, p2 = 0x66, le = 256 })\n";
  const std::string in_channel = "isd:key_info()\n";
  const bool channel = kind.before.empty();
  const std::string side = around == Around::waits ? wait : channel ? in_channel : other;
  const std::string after = around == Around::waits ? wait : kind.opens ? kind.tail + "\n" : "";
  return bench.flow_file("flow",
                         kOpen + kind.before + "\nif not (" + kind.done + ") then\n" + kind.ready + "\n" + side +
                             kMark + kind.command + "\n" + kMark + after + kind.tail + "\nend\n",
                         kHead);
}

std::string card_before(const Bench& bench, const Kind& kind) {
  auto card = std::make_shared<se::Card>(bench.flavor);
  if (kind.prepare.empty()) return card->save();
  se::SimReader reader(card);
  engine::Scheduler scheduler;
  scheduler.add(
      std::make_unique<engine::Run>(bench.setup(bench.flow_file("prepare", kind.prepare, kHead), kSettings, reader)));
  scheduler.run_all();
  if (const auto& error = scheduler.at(0).result().error) throw *error;
  return card->save();
}

namespace {

/// Frames that say what comes next: one for each exchange. Up to the first that has `line` in it, or all.
int frames_that_ask(const Bench& bench, const std::string& id, const std::string& line) {
  const auto store = bench.open_store();
  const crypto::SealingKey key = open_run_key(*store, id);
  const std::vector<Bytes> frames = store->runs().frames(id);
  int count = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    const std::string text = "\n" + to_string(key.open(frames[i], frame_context(static_cast<int64_t>(i))));
    if (text.find("\nnext ") != std::string::npos) ++count;
    if (!line.empty() && text.find(line) != std::string::npos) return count;
  }
  if (!line.empty()) throw Error(ErrorKind::internal, "the flow did not come to its command");
  return count;
}

}  // namespace

int exchange_of(const Bench& bench, const Kind& kind, const std::string& id) {
  return kind.first ? 1 : frames_that_ask(bench, id, kMarkLine);
}

int exchanges_of(const Bench& bench, const std::string& id) { return frames_that_ask(bench, id, ""); }

}  // namespace cw::journal
