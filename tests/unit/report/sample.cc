#include "sample.h"

#include <iterator>
#include <utility>

namespace cw::report {

namespace {

using Kind = Event::Kind;
using std::chrono::microseconds;

/// The same numbers in every run (Numerical Recipes' constants).
class Chance {
 public:
  explicit Chance(uint32_t seed) : state_(seed) {}
  uint32_t below(uint32_t limit) {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 8) % limit;
  }

 private:
  uint32_t state_;
};

struct Shape {
  const char* name;
  const char* text;
  const char* sent;
  const char* answer;
  uint16_t sw;
  const char* sw_text;
  unsigned channel;
  uint32_t least_us;
};

constexpr Shape kSession[] = {
    {"SELECT", "SELECT the issuer security domain", "00A4040000", "6F108408A000000151000000A5049F6501FF", 0x9000,
     "9000 done", 0, 900},
    {"GET DATA", "GET DATA 9F7F, card production life cycle", "80CA9F7F00", "9F7F2A4790D321...", 0x9000, "9000 done", 0,
     1100},
    {"INITIALIZE UPDATE", "INITIALIZE UPDATE, keys of version 30", "8050300008<8 bytes>00", "<29 bytes>", 0x9000,
     "9000 done", 0, 14000},
    {"EXTERNAL AUTHENTICATE", "EXTERNAL AUTHENTICATE, security level 33", "8482330010<16 bytes>", "", 0x9000,
     "9000 done", 0, 16000},
    {"GET STATUS", "GET STATUS of applications", "80F24002024F0000", "E3464F08A000000151000000...", 0x6310,
     "6310 more data available", 1, 5200},
    {"GET STATUS", "GET STATUS of applications, next", "80F24003024F0000", "E3144F07F0636172647701...", 0x9000,
     "9000 done", 1, 4100},
    {"GET STATUS", "GET STATUS of load files", "80F22002024F0000", "", 0x6A88,
     "6A88 referenced data not found (no load file is in the registry)", 1, 3900},
    {"INSTALL [for load]", "INSTALL [for load] F0636172647701 into A000000151000000",
     "80E602001607F063617264770108A00000015100000000000000", "00", 0x9000, "9000 done", 1, 9100},
    {"LOAD", "LOAD block 0 of transit-2.1.cap, 247 bytes", "80E80000F7<transit-2.1.cap 0..247>", "", 0x9000,
     "9000 done", 1, 42000},
    {"LOAD", "LOAD block 1 of transit-2.1.cap, 247 bytes", "80E80001F7<transit-2.1.cap 247..494>", "", 0x9000,
     "9000 done", 1, 39000},
    {"LOAD", "LOAD block 2 of transit-2.1.cap, the last", "80E8800281<transit-2.1.cap 494..623>", "00", 0x9000,
     "9000 done", 1, 88000},
    {"INSTALL [for install]", "INSTALL [for install and make selectable] F063617264770101",
     "80E60C002807F063617264770108F063617264770101...", "00", 0x9000, "9000 done", 1, 31000},
    {"PUT KEY", "PUT KEY version 30, three AES keys", "80D8008143 30 <3 keys of demo.sd>", "30D2C0B46F5D...", 0x9000,
     "9000 done", 1, 61000},
    {"STORE DATA", "STORE DATA, DGI 0101, the holder", "80E2800014 0101 11 <secret holder, 17 bytes>", "", 0x9000,
     "9000 done", 1, 12400},
    {"SET STATUS", "SET STATUS of F063617264770101 to LOCKED", "80F0408008F063617264770101", "", 0x9000, "9000 done", 1,
     7200},
    {"DELETE", "DELETE F0636172647701 with all that came from it", "80E4008009 4F07F0636172647701", "00", 0x9000,
     "9000 done", 1, 54000},
    {"SELECT", "SELECT F063617264770101", "00A4040008F063617264770101", "", 0x6A82, "6A82 application not found", 0,
     800},
};

Event note(Kind kind, std::string text) {
  Event event;
  event.kind = kind;
  event.text = std::move(text);
  return event;
}

Event command(const Shape& shape, Chance& chance) {
  Event event = note(Kind::command, shape.text);
  event.name = shape.name;
  event.sent = shape.sent;
  event.answer = shape.answer;
  event.sw = shape.sw;
  event.sw_text = shape.sw_text;
  event.channel = shape.channel;
  event.time = microseconds(shape.least_us + chance.below(shape.least_us / 3 + 1) +
                            (chance.below(25) == 0 ? shape.least_us * 3 : 0));
  return event;
}

/// A session with the card, from a reset to `upto` commands.
std::vector<Event> session(size_t upto, Chance& chance) {
  std::vector<Event> out{note(Kind::run, "demo/install"), note(Kind::attempt, "attempt 1"),
                         note(Kind::reset, "cold, ATR 3B9F96803FC7A08031E073FE211B64")};
  for (size_t i = 0; i < upto && i < std::size(kSession); ++i) {
    if (i == 2) out.push_back(note(Kind::step, "open a channel to the issuer security domain"));
    if (i == 4) out.push_back(note(Kind::channel, "SCP03 to A000000151000000, C-MAC and C-DECRYPTION, R-MAC"));
    if (i == 7) out.push_back(note(Kind::step, "load transit-2.1.cap"));
    if (i == 11) out.push_back(note(Kind::step, "make an instance"));
    if (i == 13) out.push_back(note(Kind::http, "POST https://issuer.example/v1/holder: 200, 312 bytes"));
    out.push_back(command(kSession[i], chance));
    if (i == 10) out.push_back(note(Kind::log, "loaded 623 bytes in 3 blocks"));
  }
  return out;
}

std::chrono::nanoseconds total(const std::vector<Event>& events) {
  std::chrono::nanoseconds sum = microseconds(450);
  for (const Event& event : events) sum += event.time;
  return sum;
}

struct Scenario {
  const char* name;
  const char* summary;
  size_t commands;
  std::vector<std::string> tags;
};

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {"a01_select", "The issuer security domain answers to SELECT", 1, {"basic"}},
      {"a02_card_data", "CPLC and card data are readable in the clear", 2, {"basic"}},
      {"b01_channel", "A channel opens with the right keys at every level", 4, {"channel"}},
      {"b02_lock", "A locked applet can be found and not selected", 17, {"content", "lock"}},
      {"c01_install", "An applet is loaded, installed, personalized", 14, {"content", "perso"}},
      {"c02_rotate", "Keys are replaced, the old ones open nothing", 13, {"keys"}},
      {"c03_remove", "A removed applet leaves nothing", 16, {"content"}},
      {"d01_tear", "Every shipped flow converges, wherever it is torn", 12, {"fault", "tear"}},
  };
  return all;
}

constexpr const char* kFlavors[] = {"generic", "uicc", "jcop4", "secora", "smartcafe", "yubikey"};

TearMatrix torn(const std::string& flow, const std::string& flavor, size_t commands, bool broken) {
  TearMatrix out;
  out.flow = flow;
  out.flavor = flavor;
  for (unsigned i = 0; i < commands; ++i) {
    TearPoint point;
    point.number = i + 1;
    point.command = kSession[i % std::size(kSession)].name;
    for (const char* when : {"before", "inside", "after"}) {
      TearPoint::Cell cell;
      cell.when = when;
      cell.converged = !(broken && (i == 11 || i == 12) && std::string(when) == "inside");
      if (!cell.converged) cell.why = "F063617264770101 is not in the registry, and it is after an untorn run";
      point.cells.push_back(std::move(cell));
    }
    out.points.push_back(std::move(point));
  }
  return out;
}

void fail_install(Case& one, Chance& chance) {
  one.status = Case::Status::failed;
  one.events = session(8, chance);
  one.events.push_back(note(Kind::fault, "the response to LOAD was cut to 1 byte, as the scenario asks"));
  Shape full = kSession[8];
  full.sw = 0x6A84;
  full.sw_text = "6A84 not enough memory space (2,104 bytes are free, the file asks for 6,230)";
  one.failure = Failure{"LOAD block 0 of transit-2.1.cap was refused",
                        "9000 done",
                        "6A84 not enough memory space",
                        "the card's memory is full: the scenario sets 'nvm full at 4096'",
                        one.file + ":31",
                        one.events.size()};
  one.events.push_back(command(full, chance));
  one.events.push_back(note(Kind::failure, "LOAD refused: 6A84 not enough memory space"));
  one.events.push_back(command(kSession[6], chance));
  one.events.push_back(note(Kind::run, "ended: card"));
}

void fail_registry(Case& one) {
  one.status = Case::Status::failed;
  one.failure = Failure{"the registry is not what the scenario expects",
                        "A000000151000000  SECURED\nF0636172647701    LOADED\nF063617264770101  LOCKED",
                        "A000000151000000  SECURED\nF0636172647701    LOADED\nF063617264770101  SELECTABLE",
                        "SET STATUS 80 locks only with the Global Lock privilege on this product",
                        one.file + ":18",
                        {}};
  for (size_t i = 0; i < one.events.size(); ++i) {
    if (one.events[i].name == "SET STATUS") one.failure->at = i;
  }
}

void fail_tear(Case& one, Chance& chance) {
  one.status = Case::Status::failed;
  Event last = command(kSession[11], chance);
  last.sw.reset();
  last.answer.clear();
  last.sw_text = "no answer: torn away inside the command";
  one.failure = Failure{"the flow did not converge after a tear inside INSTALL [for install]",
                        "166 tear points converged",
                        "164 tear points converged",
                        "the flow takes a half-made instance for a whole one",
                        one.file + ":9",
                        one.events.size()};
  one.events.push_back(std::move(last));
}

}  // namespace

Results small_results() {
  Chance chance(1);
  Results out;
  out.program = "cardwright 0.2.0";
  out.started = "2026-03-01 12:00:00";
  out.seed = 42;
  out.time = std::chrono::milliseconds(1234);
  Case passed;
  passed.name = "a01_select";
  passed.summary = "The issuer security domain answers to SELECT";
  passed.file = "tests/scenarios/a01_select.lua";
  passed.flavor = "generic";
  passed.card = "sim:generic";
  passed.events = session(2, chance);
  passed.time = total(passed.events);
  Case failed = passed;
  failed.name = "c01_install";
  failed.file = "tests/scenarios/c01_install.lua";
  failed.tags = {"content"};
  fail_install(failed, chance);
  failed.time = total(failed.events);
  Case skipped;
  skipped.name = "e01_reader";
  skipped.file = "tests/scenarios/e01_reader.lua";
  skipped.flavor = "generic";
  skipped.card = "sim:generic";
  skipped.status = Case::Status::skipped;
  skipped.reason = "needs a real reader";
  out.cases = {std::move(passed), std::move(failed), std::move(skipped)};
  return out;
}

Results rich_results() {
  Chance chance(7);
  Results out;
  out.program = "cardwright 0.2.0";
  out.started = "2026-03-01 12:00:00";
  out.seed = 20260301;
  for (const Scenario& scenario : scenarios()) {
    for (const std::string flavor : kFlavors) {
      Case one;
      one.name = scenario.name;
      one.summary = scenario.summary;
      one.file = std::string("tests/scenarios/") + scenario.name + ".lua";
      one.flavor = flavor;
      one.card = "sim:" + flavor;
      one.tags = scenario.tags;
      if (flavor == "yubikey" && scenario.commands > 4) {
        one.status = Case::Status::skipped;
        one.reason = "needs content management, which yubikey has not";
        out.cases.push_back(std::move(one));
        continue;
      }
      one.events = session(scenario.commands, chance);
      if (one.name == "c01_install" && flavor == "secora") fail_install(one, chance);
      if (one.name == "b02_lock" && flavor == "jcop4") fail_registry(one);
      if (one.name == "d01_tear") {
        for (const auto& [flow, commands] :
             {std::pair{"demo/install", 30}, {"demo/lock", 9}, {"demo/rotate-keys", 12}}) {
          one.matrices.push_back(torn(flow, flavor, commands, flavor == "uicc" && commands == 30));
        }
        if (flavor == "uicc") fail_tear(one, chance);
      }
      one.time = total(one.events);
      out.time += one.time;
      out.cases.push_back(std::move(one));
    }
  }
  return out;
}

Results filled_with(const std::string& text) {
  Results out;
  out.program = text;
  out.started = text;
  for (const Case::Status status : {Case::Status::failed, Case::Status::passed, Case::Status::skipped}) {
    Case one{text, text, text, text, text, {text, text}, status, text, {}, microseconds(5), {}, {}};
    for (const Kind kind : {Kind::command, Kind::log, Kind::step, Kind::failure}) {
      one.events.push_back({kind, text, text, text, text, 0x6A88, text, 1, microseconds(7)});
    }
    if (status == Case::Status::failed) one.failure = Failure{text, text, text + "x", text, text, 0};
    one.matrices.push_back({text, text, {{1, text, {{"before", true, text}, {text, false, text}}}}});
    out.cases.push_back(std::move(one));
  }
  return out;
}

Results big_results(size_t cases, size_t events) {
  Chance chance(3);
  Results out;
  out.program = "cardwright 0.2.0";
  out.started = "2026-03-01 12:00:00";
  for (size_t i = 0; i < cases; ++i) {
    Case one;
    one.name = "s" + std::to_string(i);
    one.summary = "One of many";
    one.flavor = kFlavors[i % std::size(kFlavors)];
    one.card = "sim:" + one.flavor;
    for (size_t k = 0; k < events; ++k) {
      one.events.push_back(command(kSession[(i + k) % std::size(kSession)], chance));
      one.events.back().sent += std::to_string(i * events + k);  // no two alike
    }
    if (i % 500 == 499) {
      one.status = Case::Status::failed;
      one.failure = Failure{"failed late", "1", "2", "", "", events / 2};
    }
    one.time = total(one.events);
    out.time += one.time;
    out.cases.push_back(std::move(one));
  }
  return out;
}

Results long_results(size_t events) {
  Results out = big_results(500, 0);
  Results one = big_results(1, events);
  out.cases = {out.cases.back()};
  out.cases[0].events = std::move(one.cases[0].events);
  out.cases[0].failure->at = events / 2;
  return out;
}

std::vector<std::string> hostile_texts() {
  constexpr char kControls[] = "nul\0 bell\a escape\x1B[31mred\x1B]0;title\a del\x7F";
  return {
      "<script>window.hit = 1</script>",
      "</script><script>window.hit = 2</script>",
      "</style></title><img src=x onerror='window.hit = 3'>",
      "\" onmouseover=\"window.hit = 4\" x='",
      "<!--<script>",
      "]]>&amp;<![CDATA[",
      "a\nnot ok 99 - forged\r\nb",
      "x # SKIP forged \\# \\\\",
      "...\n---\nok: yes",
      std::string(kControls, sizeof kControls - 1),
      "broken \xFF\xC3\x28\xE2\x82 \xED\xA0\x80 \xF4\x90\x80\x80 \xC0\xAF",
      "turned \xE2\x80\xAE txt.exe \xE2\x80\xA8 line \xEF\xBF\xBE",
      "fine: Ådå µs ✓ 漢字 \xF0\x9F\x92\xB3",
      "",
      " ",
      "- [x]: {y} & *z |",
      std::string(100'000, 'A'),
      std::string(50'000, '<'),
  };
}

}  // namespace cw::report
