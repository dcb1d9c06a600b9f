// What can happen to a store that is a file.
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "processes.h"
#include "store/retention.h"
#include "stores.h"

namespace cw::store {
namespace {

class SqliteStore : public OnStore {
 protected:
  static mode_t mode(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  /// What `work` gives, done by somebody who is not root.
  std::string as_nobody(const std::function<std::string()>& work) {
    Child child([&](const Pipes& pipes) {
      if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 1;
      pipes.tell_parent(work());
      return 0;
    });
    return child.hear();
  }
  StoreOptions to_read() const {
    StoreOptions out = options();
    out.make = out.migrate = false;
    out.or_read = true;
    return out;
  }
  /// What can be read there, and what a write says.
  std::string story_of_reading(const StoreOptions& wanted) const {
    try {
      const auto store = Store::open(wanted);
      const auto verdict = store->audit().verify({});
      return std::to_string(store->runs().list({}).size()) + " runs, " + std::to_string(verdict.records) +
             " records, broken: " + verdict.broken.value_or("nothing") + ", " +
             std::to_string(store->check().broken.size()) + "; writing: " + cause_of([&] {
               store->audit().add({"ada", "run begun", "", {}});
             });
    } catch (const Error& error) {
      return error.cause() + ": " + error.message();
    }
  }

  /// What opening it says to somebody who is not root.
  std::string refusal_for_nobody(const StoreOptions& wanted) {
    return as_nobody(
        [&] { return cause_of([&] { Store::open(wanted); }) + ": " + refusal([&] { Store::open(wanted); }); });
  }
  void give_to_nobody() {
    if (::geteuid() != 0) return;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
      ASSERT_EQ(::chown(entry.path().c_str(), 65534, 65534), 0);
    }
    ASSERT_EQ(::chown(folder().c_str(), 65534, 65534), 0);
  }

  /// A disk of this size, under folder(); gone with its owner.
  struct SmallDisk {
    explicit SmallDisk(const std::filesystem::path& where, const char* size) : path(where) {
      std::filesystem::create_directory(path);
      mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, (std::string("size=") + size).c_str()) == 0;
    }
    ~SmallDisk() {
      if (mounted) ::umount2(path.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    std::filesystem::path path;
    bool mounted = false;
  };
};

TEST_P(SqliteStore, is_for_its_owner_alone_whatever_the_umask) {
  const mode_t before = ::umask(0);
  StoreOptions wanted = options();
  wanted.key.reset();
  const auto store = Store::open(wanted);
  begin(*store);
  ::umask(before);
  for (const char* end : {"", "-wal", "-shm", ".key"}) EXPECT_EQ(mode(where() + end), 0600u) << end;
}

TEST_P(SqliteStore, on_a_full_disk_says_so_and_goes_on_once_there_is_room) {
  const SmallDisk disk(folder() / "disk", "1m");
  if (!disk.mounted) GTEST_SKIP() << "no right to mount a small disk";
  StoreOptions wanted = options();
  wanted.where = (disk.path / "store").string();
  std::ofstream(disk.path / "ballast") << std::string(400'000, 'x');
  {
    const auto store = Store::open(wanted);
    Lease lease = begin(*store);
    std::vector<Bytes> kept = {to_bytes("first")};
    std::string said;
    while (said.empty()) {
      const Bytes frame(3'000, static_cast<uint8_t>(kept.size()));
      said = refusal([&] { store->runs().append(lease, frame); });
      if (said.empty()) kept.push_back(frame);
    }
    EXPECT_NE(said.find("the disk is full; make room, then resume what was stopped: nothing is lost"),
              std::string::npos)
        << said;
    EXPECT_EQ(cause_of([&] { store->runs().append(lease, Bytes(3'000)); }), "full");
    EXPECT_EQ(lease.next, static_cast<int64_t>(kept.size()));
    EXPECT_EQ(store->runs().frames(lease.run()), kept);
    std::filesystem::remove(disk.path / "ballast");
    store->runs().append(lease, to_bytes("room"));
    kept.push_back(to_bytes("room"));
    EXPECT_EQ(store->runs().frames(lease.run()), kept);
    // These frames were never sealed; nothing else is wrong.
    for (const std::string& line : store->check().broken) EXPECT_NE(line.find("does not open"), line.npos) << line;
  }
}

TEST_P(SqliteStore, that_cannot_be_written_says_so) {
  open();
  give_to_nobody();
  ASSERT_EQ(::chmod(where().c_str(), 0444), 0);
  std::string said = refusal_for_nobody(options());
  EXPECT_NE(said.find("read-only: store: cannot open the store " + where()), std::string::npos) << said;
  ASSERT_EQ(::chmod(where().c_str(), 0644), 0);
  EXPECT_EQ(refusal_for_nobody(options()), "none: ") << "it is well again";
  ASSERT_EQ(::chmod(folder().c_str(), 0555), 0);
  said = refusal_for_nobody(options());
  EXPECT_NE(said.find("read-only: store: cannot open the store " + where()), std::string::npos) << said;
  StoreOptions fresh = options();
  fresh.where += ".new";
  said = refusal_for_nobody(fresh);
  EXPECT_NE(said.find("read-only: store: cannot make the store " + fresh.where + ": Permission denied"),
            std::string::npos)
      << said;
  ASSERT_EQ(::chmod(folder().c_str(), 0755), 0);
  fresh.where = (folder() / "none" / "store").string();
  said = refusal_for_nobody(fresh);
  EXPECT_NE(said.find("make the folder " + (folder() / "none").string() + " first"), std::string::npos) << said;
}

TEST_P(SqliteStore, that_is_another_file_is_left_as_it_is) {
  const std::string text(5'000, 'x');
  write_file_atomically(where(), view(text), true);
  const std::string said = refusal([&] { open(); });
  EXPECT_EQ(said, "store: cannot open the store " + where() +
                      ": it is no SQLite database; name another file, or move this one away");
  EXPECT_EQ(to_string(read_file(where())), text);
  StoreOptions missing = options();
  missing.where += ".none";
  missing.make = false;
  EXPECT_EQ(refusal([&] { Store::open(missing); }),
            "usage: there is no store " + missing.where + "; a run with --store makes one");
}

TEST_P(SqliteStore, with_a_page_that_was_overwritten_says_which_rows_it_cannot_read) {
  std::vector<std::string> runs;
  {
    const auto store = open();
    for (int i = 0; i < 40; ++i) {
      Lease lease = begin(*store);
      for (int k = 0; k < 5; ++k) store->runs().append(lease, Bytes(1'500, 1));
      runs.push_back(lease.run());
    }
  }
  Bytes file = read_file(where());
  const size_t pages = file.size() / 4096;
  for (size_t page = pages / 2; page < pages / 2 + 3; ++page) {
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, uint8_t{0xA5});
  }
  write_file_atomically(where(), file, true);
  const auto store = open();
  const std::vector<std::string> broken = store->check().broken;
  ASSERT_FALSE(broken.empty());
  int unreadable = 0;
  for (const std::string& run : runs) {
    const std::string cause = cause_of([&] { store->runs().frames(run); });
    EXPECT_TRUE(cause == "none" || cause == "corrupt") << cause;
    unreadable += cause == "corrupt" ? 1 : 0;
  }
  EXPECT_GT(unreadable, 0);
}

TEST_P(SqliteStore, that_another_process_has_locked_says_so_and_writes_nothing) {
  { open(); }
  Child child([&](const Pipes& pipes) {
    const auto db = database();
    db->transact([&] {
      db->run({"UPDATE meta SET number = number", {}});
      pipes.tell_parent("locked");
      pipes.hear_parent();
    });
    pipes.tell_parent("done");
    return 0;
  });
  ASSERT_EQ(child.hear(), "locked");
  const auto store = open();
  store->database().run({"PRAGMA busy_timeout = 50", {}});
  EXPECT_EQ(cause_of([&] { begin(*store); }), "locked");
  EXPECT_NE(refusal([&] { begin(*store); }).find("another process has it locked"), std::string::npos);
  EXPECT_TRUE(store->runs().list({}).empty()) << "and it can be read";
  child.tell("enough");
  ASSERT_EQ(child.hear(), "done");
  EXPECT_EQ(store->runs().frames(begin(*store).run()).size(), 1u);
}

TEST_P(SqliteStore, keeps_nothing_of_what_was_forgotten) {
  const auto store = open();
  RunRow row = a_run("demo/install");
  Lease lease = store->runs().create(row, to_bytes("the key of this run"), to_bytes("the frame of this run"));
  RunChange end;
  end.state = RunState::done;
  store->runs().append(lease, {}, end);
  EXPECT_EQ(forget(*store, std::numeric_limits<int64_t>::max(), "ada", "1d").what.runs, 1);
  for (const char* file : {"", "-wal"}) {
    const std::string content = to_string(read_file(where() + file));
    EXPECT_EQ(content.find("of this run"), std::string::npos) << file;
  }
}

TEST_P(SqliteStore, that_cannot_be_written_can_be_read_where_that_is_enough) {
  const auto fill = [](Store& store) {
    const Lease lease = begin_sealed(store);
    store.audit().add({"ada", "run begun", lease.run(), {}});
  };
  const std::string read = "1 runs, 1 records, broken: nothing, 0; writing: read-only";
  { fill(*open()); }
  give_to_nobody();
  ASSERT_EQ(::chmod(folder().c_str(), 0555), 0);
  EXPECT_EQ(as_nobody([&] { return story_of_reading(to_read()); }), read) << "a folder that takes no files";
  ASSERT_EQ(::chmod(folder().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(where().c_str(), 0444), 0);
  EXPECT_EQ(as_nobody([&] { return story_of_reading(to_read()); }), read) << "a file that cannot be written";
  EXPECT_EQ(as_nobody([&] { return std::to_string(::access((where() + "-shm").c_str(), F_OK)); }), "-1")
      << "and nothing is left beside it";
  StoreOptions missing = to_read();
  missing.where += ".none";
  EXPECT_EQ(refusal([&] { Store::open(missing); }).substr(0, 6), "usage:");
}

TEST_P(SqliteStore, that_others_write_can_be_read_without_writing) {
  const auto store = open();
  const Lease lease = begin_sealed(*store);
  store->audit().add({"ada", "run begun", lease.run(), {}});
  give_to_nobody();
  ASSERT_EQ(::chmod(folder().c_str(), 0555), 0);
  const std::string read = as_nobody([&] { return story_of_reading(to_read()); });
  EXPECT_EQ(read, "1 runs, 1 records, broken: nothing, 0; writing: read-only") << "also what is still in the log";
  ASSERT_EQ(::chmod(folder().c_str(), 0755), 0);
  store->audit().add({"ada", "run taken up", lease.run(), {}});
  EXPECT_EQ(store->audit().size(), 2);
}

TEST_P(SqliteStore, whose_newest_records_are_in_a_log_is_not_read_without_them) {
  std::filesystem::create_directory(folder() / "copy");
  StoreOptions copy = to_read();
  copy.where = (folder() / "copy" / "store").string();
  {
    const auto store = open();
    store->audit().add({"ada", "run begun", "", {}});
    std::filesystem::copy_file(where(), copy.where);
    std::filesystem::copy_file(where() + "-wal", copy.where + "-wal");
  }
  give_to_nobody();
  ASSERT_EQ(::chmod((folder() / "copy").c_str(), 0555), 0);
  const std::string said = refusal_for_nobody(copy);
  ASSERT_EQ(::chmod((folder() / "copy").c_str(), 0755), 0);
  EXPECT_NE(said.find("its newest records are in a log that was not taken in"), std::string::npos) << said;
  EXPECT_NE(said.find("copy both files and the key file to a folder that can be written"), std::string::npos) << said;
}

TEST_P(SqliteStore, says_that_what_was_forgotten_is_still_on_the_disk_while_somebody_reads_it) {
  const auto store = open();
  Lease lease = begin(*store);
  RunChange end;
  end.state = RunState::done;
  store->runs().append(lease, {}, end);
  store->database().run({"PRAGMA busy_timeout = 50", {}});
  const auto other = database();
  other->snapshot([&] {
    other->run({"SELECT COUNT(*) FROM frames", {}});
    const Forgotten done = forget(*store, std::numeric_limits<int64_t>::max(), "ada", "1d");
    EXPECT_EQ(done.what.runs, 1);
    EXPECT_FALSE(done.off_disk);
  });
  EXPECT_TRUE(forget(*store, std::numeric_limits<int64_t>::max(), "ada", "1d").off_disk)
      << "the next one takes it away";
}

/// The lock of the folder, as another connection sees it.
class TurnOf {
 public:
  explicit TurnOf(const std::filesystem::path& folder) : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY)) {}
  bool take() const { return ::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0; }
  void give_back() const { ::flock(fd_.get(), LOCK_UN); }

 private:
  Fd fd_;
};

TEST_P(SqliteStore, has_a_turn_for_who_waits_to_write_until_that_has_the_file) {
  const auto store = open();
  const auto other = database();
  const TurnOf turn(folder());
  std::thread waits;
  store->database().transact([&] {
    EXPECT_TRUE(turn.take()) << "who writes has given it back";
    turn.give_back();
    waits = std::thread([&] { other->transact([] {}); });
    // Until the one that waits has it. This ends by itself, or never.
    while (turn.take()) {
      turn.give_back();
      std::this_thread::yield();
    }
  });
  waits.join();
  EXPECT_TRUE(turn.take());
}

TEST_P(SqliteStore, is_written_without_a_turn_by_who_does_not_get_one) {
  const auto store = open();
  const TurnOf turn(folder());
  ASSERT_TRUE(turn.take());
  const Lease lease = begin(*store);
  EXPECT_EQ(store->runs().list({}).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(On, SqliteStore, ::testing::Values(Engine::sqlite), engine_name);

}  // namespace
}  // namespace cw::store
