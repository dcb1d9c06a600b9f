#include "bench.h"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scheduler.h"

namespace cw::journal {

namespace {

constexpr uint8_t kDes = 0x80;

void write_all(int socket, ByteView data) {
  while (!data.empty()) {
    const ssize_t count = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (count <= 0) throw Error(ErrorKind::reader, "the other end is gone");
    data = data.subspan(static_cast<size_t>(count));
  }
}

/// False: the other end is gone.
bool read_all(int socket, std::span<uint8_t> data) {
  while (!data.empty()) {
    const ssize_t count = ::recv(socket, data.data(), data.size(), 0);
    if (count <= 0) return false;
    data = data.subspan(static_cast<size_t>(count));
  }
  return true;
}

/// A letter, four bytes of length, and so many bytes.
void write_message(int socket, char what, ByteView data) {
  Bytes message{static_cast<uint8_t>(what)};
  append_be(message, data.size(), 4);
  append(message, data);
  write_all(socket, message);
}

bool read_message(int socket, char& what, Bytes& data) {
  std::array<uint8_t, 5> head;
  if (!read_all(socket, head)) return false;
  what = static_cast<char>(head[0]);
  data.resize(read_be(ByteView(head).subspan(1)));
  return read_all(socket, data);
}

/// A journal whose process dies around one of its exchanges.
class DyingJournal : public engine::RunJournal {
 public:
  using At = KillPoint::At;
  DyingJournal(StoreJournal& inner, HostedReader& reader, KillPoint kill) : inner_(inner), kill_(kill) {
    reader.sent = [this] { die(At::sent); };
    reader.answered = [this] { die(At::answered); };
  }

  void before(const host::Request& request) override {
    if (std::holds_alternative<host::Wait>(request) || std::holds_alternative<host::CloseChannel>(request)) return;
    const bool was = exchange_ == kill_.number;
    ++exchange_;
    die(At::before_intent);
    inner_.before(request);
    die(At::after_intent);
    if (was && kill_.at == At::committed) raise(SIGKILL);
  }
  void attempt(unsigned number) override { inner_.attempt(number); }
  void attempt_failed(const Error& error) override { inner_.attempt_failed(error); }
  void finished(const std::optional<Error>& error, End end) override {
    inner_.finished(error, end);
    die(At::committed);
  }
  void waits(std::chrono::milliseconds time) override {
    inner_.waits(time);
    die(At::committed);
  }
  void deliver(const host::Deliver& parcel) override {
    inner_.deliver(parcel);
    die(At::sent);
  }
  void left() override { inner_.left(); }
  const Error* must_stop() const override { return inner_.must_stop(); }
  engine::Past past() override { return inner_.past(); }
  void take(engine::RecordedLine line) override { inner_.take(std::move(line)); }
  void noted(const host::Note& note) override { inner_.noted(note); }
  void before_sending() override { inner_.before_sending(); }
  void travelled(ByteView command, ByteView answer) override { inner_.travelled(command, answer); }
  void channel_opened(const engine::ChannelMaterial& material) override { inner_.channel_opened(material); }
  void channel_moved(host::ChannelId channel, const gp::Channel::Mark& mark) override {
    inner_.channel_moved(channel, mark);
  }

 private:
  void die(At at) const {
    if (kill_.at == at && kill_.number == exchange_) raise(SIGKILL);
  }
  StoreJournal& inner_;
  KillPoint kill_;
  int exchange_ = 0;
};

/// `work` in a child; what it returns comes back, unless it is killed.
Bench::End in_a_process(const std::function<Bench::End()>& work) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw Error(ErrorKind::internal, "socketpair");
  const pid_t child = fork();
  if (child == 0) {
    ::close(ends[0]);
    Bench::End end;
    try {
      end = work();
    } catch (const Error& error) {
      end.error = std::string(name_of(error.kind())) + ": " + error.message();
    }
    write_message(ends[1], 'E', view(end.error));
    write_message(ends[1], 'I', view(end.id));
    write_message(ends[1], 'A', view(std::to_string(end.attempts)));
    _exit(0);
  }
  ::close(ends[1]);
  Bench::End end;
  char what = 0;
  Bytes data;
  bool whole = read_message(ends[0], what, data);
  if (whole) end.error = to_string(data);
  whole = whole && read_message(ends[0], what, data);
  if (whole) end.id = to_string(data);
  whole = whole && read_message(ends[0], what, data);
  if (whole) end.attempts = static_cast<unsigned>(std::stoul(to_string(data)));
  ::close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  end.killed = WIFSIGNALED(status);
  return end;
}

Bench::End carry_out(engine::RunSetup setup, StoreJournal& journal, HostedReader& reader, KillPoint kill) {
  DyingJournal dying(journal, reader, kill);
  setup.journal = &dying;
  engine::Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
  scheduler.run_all();
  const engine::RunResult& result = scheduler.at(0).result();
  Bench::End end;
  end.id = journal.id();
  end.attempts = result.attempts;
  if (result.error) end.error = std::string(name_of(result.error->kind())) + ": " + result.error->message();
  return end;
}

std::shared_ptr<const crypto::KeyStore> keys_for(const se::Flavor& flavor) {
  const se::FactoryKeys& factory = flavor.keys.front();
  const std::string type = factory.type == kDes ? "des" : "aes";
  std::string text;
  const auto add = [&](const std::string& name, uint8_t version, const std::string& key) {
    text += "[" + name + "]\ntype = " + type + "\nversion = " + to_hex(version) + "\nenc = " + key + "\nmac = " + key +
            "\ndek = " + key + "\n";
  };
  add("isd", factory.version, to_hex(factory.enc));
  add("demo.sd", 0x30, "101112131415161718191A1B1C1D1E1F");
  add("demo.sd2", 0x31, "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF");
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys"));
}

engine::Flavor host_side(const se::Flavor& flavor) {
  return {{"name", flavor.name},
          {"isd_aid", flavor.isd_aid},
          {"ssd_aid", flavor.ssd_aid},
          {"ssd_package", flavor.ssd_package},
          {"ssd_module", flavor.ssd_module},
          {"privilege_bytes", int64_t{flavor.privilege_length}},
          {"install_for_personalization", flavor.install_for_personalization},
          {"delete_cascade", flavor.delete_cascade},
          {"scp", std::string(flavor.keys.front().type == kDes ? "02" : "03")}};
}

}  // namespace

CardHost::CardHost(std::shared_ptr<se::Card> card) : card_(std::move(card)), reader_(card_) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw Error(ErrorKind::internal, "socketpair");
  ours_ = ends[0];
  theirs_ = ends[1];
  thread_ = std::thread([this] { serve(); });
}

CardHost::~CardHost() {
  ::shutdown(ours_, SHUT_RDWR);
  thread_.join();
  ::close(ours_);
  ::close(theirs_);
}

void CardHost::serve() {
  char what = 0;
  Bytes data;
  while (read_message(ours_, what, data)) {
    try {
      if (what == 'R') {
        powered_ = true;
        write_message(ours_, 'R', reader_.reset());
      } else if (what == 'A') {
        write_message(ours_, powered_ ? 'Y' : 'N', {});
      } else {
        instructions_.push_back(data[1]);
        write_message(ours_, 'T', reader_.transmit(data));
      }
    } catch (const Error& error) {
      powered_ = false;
      write_message(ours_, 'X', view(error.message()));
    }
  }
}

Bytes HostedReader::ask(char what, ByteView data) {
  // A process that was killed may have left its answer behind.
  Bytes stale(4096);
  while (::recv(socket_, stale.data(), stale.size(), MSG_DONTWAIT) > 0) {
  }
  write_message(socket_, what, data);
  if (what == 'T' && sent) sent();
  char got = 0;
  Bytes answer;
  if (!read_message(socket_, got, answer)) throw Error(ErrorKind::reader, "the card is gone");
  if (what == 'T' && answered) answered();
  if (got == 'X') throw Error(ErrorKind::reader, to_string(answer));
  if (what == 'A') answer = {static_cast<uint8_t>(got)};
  return answer;
}

Bytes HostedReader::reset() { return ask('R', {}); }
bool HostedReader::attach() { return ask('A', {}).at(0) == 'Y'; }
Bytes HostedReader::transmit(ByteView command) { return ask('T', command); }

Bench::Bench(const std::string& name) : flavor(se::flavor(name)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "cw-journal-XXXXXX").string();
  folder = mkdtemp(pattern.data());
  card = std::make_shared<se::Card>(flavor);
  host = std::make_unique<CardHost>(card);
  bundle = engine::Bundle::load(CW_SOURCE_DIR);
}

Bench::~Bench() {
  host.reset();
  std::filesystem::remove_all(folder);
}

std::shared_ptr<store::Store> Bench::open_store() const {
  store::StoreOptions options;
  options.where = (folder / "store.db").string();
  return store::Store::open(options);
}

engine::RunSetup Bench::setup(const std::string& flow, const std::vector<std::string>& settings,
                              card::Reader& reader) const {
  engine::RunSetup setup;
  setup.bundle = flow.ends_with(".lua") ? bundle->with_file(flow) : bundle;
  setup.flow_name = flow;
  setup.policy = engine::Policy::load(policy, *setup.bundle);
  std::vector<engine::Setting> all;
  for (const std::string& text : settings) all.push_back(engine::Setting::parse(text));
  for (const auto& [name, value] : secrets) all.push_back({name, Secret::copy(view(value))});
  setup.arguments = engine::Arguments::check(engine::check_flow(*setup.bundle, flow), std::move(all));
  setup.keys = keys_for(flavor);
  setup.reader = &reader;
  setup.flavor = host_side(flavor);
  return setup;
}

Bench::End Bench::run(const std::string& flow, const std::vector<std::string>& settings, KillPoint kill) {
  End end = in_a_process([&] {
    HostedReader reader(host->socket());
    engine::RunSetup made = setup(flow, settings, reader);
    const auto journal = StoreJournal::begin(open_store(), made, {}, "test");
    return carry_out(std::move(made), *journal, reader, kill);
  });
  if (end.id.empty()) {
    const auto rows = open_store()->runs().list({});
    if (!rows.empty()) end.id = rows.front().id;
  }
  return end;
}

Bench::End Bench::resume(const std::string& id, KillPoint kill) {
  End end = in_a_process([&] {
    HostedReader reader(host->socket());
    StoreJournal::TakenUp taken = StoreJournal::take_up(
        open_store(), id, [](std::chrono::milliseconds) { return true; }, "test");
    engine::RunSetup made = std::move(taken.setup);
    made.keys = keys_for(flavor);
    made.reader = &reader;
    made.flavor = host_side(flavor);
    return carry_out(std::move(made), *taken.journal, reader, kill);
  });
  end.id = id;
  return end;
}

}  // namespace cw::journal
