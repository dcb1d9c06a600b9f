#include "torture.h"

#include <array>
#include <map>
#include <random>

#include "base/error.h"
#include "witness.h"

namespace cw::journal {

namespace {

using At = KillPoint::At;
using Say = std::function<void(const std::string&)>;

constexpr std::array kPoints{At::before_intent, At::after_intent, At::sent, At::answered, At::committed};

/// A flow on a card that others have prepared.
struct Call {
  std::string flow{};
  std::vector<std::string> settings{};
  std::vector<std::string> before{};  // flows, as below
};

const std::map<std::string, Call>& calls() {
  static const std::string cap = std::string("cap=") + CW_SOURCE_DIR + "/tests/caps/wallet-1.0.cap";
  static const std::map<std::string, Call> all{
      {"install", {"demo/install", {cap}, {}}},
      {"inventory", {"demo/inventory", {}, {"install"}}},
      {"lock", {"demo/lock", {"aid=F063617264770101"}, {"install"}}},
      {"unlock", {"demo/unlock", {"aid=F063617264770101"}, {"install", "lock"}}},
      {"rotate-keys", {"demo/rotate-keys", {"old=demo.sd", "new=demo.sd2"}, {"install"}}},
      {"remove", {"demo/remove", {cap}, {"install"}}},
  };
  return all;
}

void secrets_for(Bench& bench, const std::string& name) {
  bench.secrets.clear();
  if (name == "install") bench.secrets = {{"holder", "Ada Lovelace"}, {"pin", "123456"}};
}

/// How many APDUs each exchange of the journal has, but for those below a canonical command.
std::vector<int> exchanges_of(const Bench& bench, const std::string& id) {
  std::vector<int> out;
  const std::string lines = open_journal(*bench.open_store(), id).lines.recorded;
  for (size_t from = 0; from < lines.size(); from = lines.find('\n', from) + 1) {
    const std::string line = lines.substr(from, lines.find('\n', from) - from);
    const bool command = line[0] >= '0' && line[0] <= '9';
    const bool more = command && line.find('+') < line.find('>');
    if (more) {
      ++out.back();
    } else if (command || line.starts_with("reset")) {
      out.push_back(1);
    } else if (line.starts_with("open ")) {
      out.push_back(2);
    }
  }
  return out;
}

/// One flow on cards of one flavor, on one engine.
class Rack {
 public:
  Rack(Bench& bench, std::string name) : bench_(bench), name_(std::move(name)), call_(calls().at(name_)) {
    bench_.put_in();
    for (const std::string& before : call_.before) go(before);
    start_ = bench_.card->save();
    secrets_for(bench_, name_);
    const End whole = bench_.run(call_.flow, call_.settings);
    if (!whole.error.empty()) throw Error(ErrorKind::internal, call_.flow + ": " + whole.error);
    memory_ = memory_of(*bench_.card);
    exchanges_ = exchanges_of(bench_, whole.id);
  }

  const std::vector<int>& exchanges() const { return exchanges_; }
  KillPoint random_kill(std::mt19937_64& random) const {
    const auto number = static_cast<int>(random() % exchanges_.size());
    return {kPoints[random() % kPoints.size()], number + 1, 1 + static_cast<int>(random() % exchanges_[number])};
  }

  /// A run that is killed at the first point, taken up and killed at the second, and so on; `between` is called after
  /// each kill. What does not hold, each in a line.
  std::vector<std::string> play(const std::vector<KillPoint>& kills, const std::function<void(size_t)>& between) {
    bench_.put_in(start_);
    between(0);
    End end = bench_.run(call_.flow, call_.settings, kills.at(0));
    std::vector<std::string> out;
    for (size_t i = 1; i <= kills.size() && (end.killed || end.can_resume); ++i) {
      out = complaints(bench_, end.id, bench_.host->seen());
      if (!out.empty()) return out;
      between(i);
      end = bench_.resume(end.id, i < kills.size() ? kills[i] : KillPoint{});
    }
    if (!end.error.empty()) out.push_back(end.error);
    if (end.killed) out.emplace_back("was killed once more than it should");
    if (memory_of(*bench_.card) != memory_) out.emplace_back("the card is not as after a run that was not killed");
    for (const std::string& line : complaints(bench_, end.id, bench_.host->seen())) out.push_back(line);
    try {
      const std::string replayed = bench_.replay(end.id);
      if (!replayed.empty()) out.push_back("replaying its journal: " + replayed);
    } catch (const Error& error) {
      out.push_back("replaying its journal: " + error.message());
    }
    return out;
  }

 private:
  void go(const std::string& name) {
    secrets_for(bench_, name);
    const Call& call = calls().at(name);
    const End end = bench_.run(call.flow, call.settings);
    if (!end.error.empty()) throw Error(ErrorKind::internal, call.flow + ": " + end.error);
  }

  Bench& bench_;
  std::string name_;
  const Call& call_;
  std::string start_;
  std::string memory_;
  std::vector<int> exchanges_;
};

std::string name_of(Bench::On engine) { return engine == Bench::On::sqlite ? "sqlite" : "postgres"; }

std::string text_of(const KillPoint& kill) {
  return name_of(kill.at) + " " + std::to_string(kill.number) + "." + std::to_string(kill.apdu);
}

void report(const std::vector<std::string>& lines, const std::string& where, TortureCount& count, const Say& say) {
  ++count.points;
  if (lines.empty()) return;
  ++count.failed;
  say("FAILED " + where + ": " + lines.front());
}

/// Each exchange x each kill point, each with a second kill somewhere in the resume.
void all_points(Bench& bench, Rack& rack, const std::string& where, TortureCount& count, const Say& say) {
  std::mt19937_64 random(1);
  for (size_t i = 0; i < rack.exchanges().size(); ++i) {
    const int apdus = rack.exchanges()[i];
    for (const At at : kPoints) {
      const bool on_the_way = at == At::sent || at == At::answered;
      for (int apdu = 1; apdu <= (on_the_way ? apdus : 1); ++apdu) {
        // All LOADs of a plan are alike.
        if (apdus > 4 && apdu > 2 && apdu < apdus && apdu % 5 != 0) continue;
        const std::vector<KillPoint> kills{{at, static_cast<int>(i) + 1, apdu}, rack.random_kill(random)};
        const bool off = random() % 2 == 0;
        const auto between = [&](size_t kill) {
          if (off && kill != 0) bench.host->power_off();
        };
        report(rack.play(kills, between), where + ": " + text_of(kills[0]) + ", then " + text_of(kills[1]), count, say);
      }
    }
  }
}

void one_at_random(Bench& bench, Rack& rack, const std::string& where, uint64_t seed, TortureCount& count,
                   const Say& say) {
  std::mt19937_64 random(seed);
  std::vector<KillPoint> kills;
  for (size_t i = 0; i < 1 + random() % 4; ++i) kills.push_back(rack.random_kill(random));
  int tears = 0;
  const auto between = [&](size_t kill) {
    bench.node = random() % 2 == 0 ? "one" : "two";
    if (kill != 0 && random() % 3 == 0) bench.host->power_off();
    if (tears < 2 && random() % 3 == 0) {
      ++tears;
      const auto when = static_cast<se::Tear>(random() % 3);
      bench.host->card().tear_next(when, static_cast<unsigned>(random() % 60));
    }
  };
  report(rack.play(kills, between), where + ", seed " + std::to_string(seed), count, say);
}

}  // namespace

TortureCount torture(const TortureOptions& options, const Say& say) {
  TortureCount count;
  const auto end = std::chrono::steady_clock::now() + options.minutes;
  uint64_t seed = options.seed;
  do {
    for (const Bench::On engine : options.engines) {
      for (const std::string& flavor : options.flavors) {
        Bench bench(flavor, engine);
        for (const auto& call : calls()) {
          if (!options.flow.empty() && call.first != options.flow) continue;
          const std::string where = name_of(engine) + ", " + flavor + ", " + call.first;
          const TortureCount before = count;
          Rack rack(bench, call.first);
          if (options.minutes.count() == 0) {
            all_points(bench, rack, where, count, say);
          } else {
            for (int i = 0; i < 20 && std::chrono::steady_clock::now() < end; ++i) {
              one_at_random(bench, rack, where, seed++, count, say);
            }
            bench.node.clear();
          }
          say(where + ": " + std::to_string(count.points - before.points) + " points, " +
              std::to_string(count.failed - before.failed) + " failed");
          if (options.minutes.count() != 0 && std::chrono::steady_clock::now() >= end) return count;
        }
      }
    }
  } while (options.minutes.count() != 0);
  return count;
}

}  // namespace cw::journal
