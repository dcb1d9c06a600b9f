#include "journal_parts.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/threads.h"
#include "crypto/key_store.h"
#include "store/database.h"

namespace cw::bench {

namespace {

constexpr const char* kKeys =
    "[isd]\ntype = aes\nversion = 30\n"
    "enc = 404142434445464748494A4B4C4D4E4F\nmac = 404142434445464748494A4B4C4D4E4F\n"
    "dek = 404142434445464748494A4B4C4D4E4F\n";

const char* server() { return ::getenv("CW_TEST_POSTGRES"); }

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "journal_bench: %s\n", what.c_str());
  std::exit(1);
}

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

double thread_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(Times times) {
  if (times.empty()) fail("nothing was measured");
  std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

double append_and_sync(size_t size) {
  const Folder folder;
  const int file = ::open((folder.path() / "file").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const Bytes content(size, 0x5A);
  Times times;
  for (int i = 0; i < 100; ++i) {
    const auto begin = Clock::now();
    if (::write(file, content.data(), size) != static_cast<ssize_t>(size) || ::fdatasync(file) != 0) fail("fdatasync");
    times.push_back(microseconds(Clock::now() - begin));
  }
  ::close(file);
  return median(std::move(times));
}

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

void print(const std::string& what, const std::string& measured, const std::string& floor, double ratio,
           const std::string& reach) {
  std::printf("| %s | %s | %s | %.2f | %s |\n", what.c_str(), measured.c_str(), floor.c_str(), ratio, reach.c_str());
  std::fflush(stdout);
}

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "cw-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail("no folder under " + pattern);
  path_ = pattern;
}

Workshop::Workshop(const std::string& body, const std::string& cap) {
  const std::filesystem::path file = folder_.path() / "flow.lua";
  std::ofstream(file) << "local gp, clock = require 'cw.gp', require 'clock'\n"
                         "return { name = 'bench', summary = 'Benchmark', args = { cap = { type = 'cap', optional = "
                         "true } }, needs = { keys = { 'isd' } }, run = function(run)\n"
                         "local isd = gp.open(run.card, { keys = 'isd', flavor = run.flavor })\n"
                      << body << "\nend }";
  const auto base = engine::Bundle::load(CW_SOURCE_DIR);
  bundle_ = base->with_file(file);
  name_ = file.generic_string();
  flow_ = std::make_shared<const engine::Flow>(engine::check_flow(*bundle_, name_));
  policy_ = engine::Policy::load(CW_SOURCE_DIR "/policies/default.lua", *base);
  keys_ = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "bench"));
  if (cap.empty()) return;
  std::vector<engine::Setting> settings;
  settings.push_back(engine::Setting::parse("cap=" + cap));
  arguments_ = engine::Arguments::check(*flow_, std::move(settings)).values;
}

engine::RunSetup Workshop::setup(card::Reader& reader) const {
  engine::RunSetup out;
  out.bundle = bundle_;
  out.flow_name = name_;
  out.flow = flow_;
  out.policy = policy_;
  out.keys = keys_;
  out.reader = &reader;
  out.arguments.values = arguments_;
  return out;
}

bool Keeper::has_postgres() { return server() != nullptr; }

Keeper::Keeper(Engine engine) : engine_(engine) {
  store::StoreOptions options;
  options.where = (folder_.path() / "store.db").string();
  if (engine == Engine::postgres) {
    schema_ = "bench_" + std::to_string(::getpid());
    store::open_database(server(), false)->run({"CREATE SCHEMA " + schema_, {}});
    const std::string url = server();
    options.where = url + (url.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
    options.key = folder_.path() / "store.key";
    write_file_atomically(*options.key, view(std::string(64, '7')), true);
  }
  store_ = store::Store::open(options);
}

Keeper::~Keeper() {
  store_.reset();
  if (schema_.empty()) return;
  try {
    store::open_database(server(), false)->run({"DROP SCHEMA " + schema_ + " CASCADE", {}});
  } catch (const Error& error) {
    std::fprintf(stderr, "journal_bench: %s\n", error.what());
  }
}

void until_wait(engine::Run& run) {
  run.advance();
  while (run.phase() == engine::Run::Phase::waiting && !run.waits_by_clock()) {
    run.complete(run.carry_out());
    run.advance();
  }
  if (run.phase() == engine::Run::Phase::done && run.result().error) fail(run.result().error->what());
}

void past_wait(engine::Run& run) {
  run.complete(host::Waited{});
  until_wait(run);
}

void on_threads(int count, const std::function<void(int)>& work) {
  Threads threads;
  for (int i = 0; i < count; ++i) {
    threads.start([&work, i] {
      try {
        work(i);
      } catch (const Error& error) {
        fail(error.what());
      }
    });
  }
  threads.join();
}

}  // namespace cw::bench
