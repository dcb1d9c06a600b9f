// Plays many devices that call a service, each a simulated card of its own, and looks at the cards afterwards.
//
//   device_load --server 127.0.0.1:PORT --ca FILE --cert FILE --key FILE --tickets FILE --keys FILE --set NAME=VALUE...
//               [--threads N] [--at-once N] [--hold N] [--first-card N]
//   device_load --here N --keys FILE --set NAME=VALUE...
//
// A ticket per line; every second device speaks RAM over HTTP, the others GP SERAM. --at-once: requests under way.
// --hold: all devices stop with the report of their N-th order in hand; "held" is printed then, and a line of standard
// input lets them go on. --here: no devices; the same flow in this process. The last line is a JSON object.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>
#include <signal.h>
#include <time.h>

#include "base/error.h"
#include "base/threads.h"
#include "load_crowd.h"
#include "load_here.h"

namespace cw::bench {
namespace {

using nlohmann::json;

struct Options {
  std::string server{}, ca{}, certificate{}, key{}, tickets{};
  LoadFlow flow{};
  size_t threads = 1, at_once = 16, here = 0;
  uint64_t hold = 0;
  uint32_t first_card = 1;  // serial number; the others follow
};

Options read_options(int argc, char** argv) {
  Options out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--server")
      out.server = value;
    else if (name == "--ca")
      out.ca = value;
    else if (name == "--cert")
      out.certificate = value;
    else if (name == "--key")
      out.key = value;
    else if (name == "--tickets")
      out.tickets = value;
    else if (name == "--keys")
      out.flow.keys = value;
    else if (name == "--set")
      out.flow.settings.push_back(value);
    else if (name == "--threads")
      out.threads = std::max<size_t>(std::stoul(value), 1);
    else if (name == "--at-once")
      out.at_once = std::max<size_t>(std::stoul(value), 1);
    else if (name == "--hold")
      out.hold = std::stoull(value);
    else if (name == "--first-card")
      out.first_card = static_cast<uint32_t>(std::stoul(value));
    else if (name == "--here")
      out.here = std::stoul(value);
    else
      throw Error(ErrorKind::usage, "there is no option " + name);
  }
  if (argc % 2 == 0) throw Error(ErrorKind::usage, "an option has no value");
  return out;
}

double process_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

json times_of(std::vector<uint32_t> all) {
  if (all.empty()) return nullptr;
  std::sort(all.begin(), all.end());
  const auto at = [&](double part) {
    return all[static_cast<size_t>(part * static_cast<double>(all.size() - 1))] / 1e3;
  };
  return {{"count", all.size()}, {"p50_ms", at(0.5)}, {"p90_ms", at(0.9)}, {"p99_ms", at(0.99)}, {"max_ms", at(1.0)}};
}

/// Says when all are held, and lets them go on when it is told to.
void keep_gate(Gate& gate, size_t devices, const std::atomic<size_t>& left) {
  while (gate.held < devices && left > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::cout << "held " << gate.held << std::endl;
  std::string line;
  std::getline(std::cin, line);
  gate.open = true;
}

json play_devices(const Options& options) {
  const LoadPlace place(options.server, options.ca, options.certificate, options.key);
  Gate gate;
  gate.order = options.hold;
  std::vector<std::unique_ptr<Crowd>> crowds;
  for (size_t i = 0; i < options.threads; ++i) {
    const size_t share = options.at_once / options.threads + (i < options.at_once % options.threads ? 1 : 0);
    crowds.push_back(std::make_unique<Crowd>(place, std::max<size_t>(share, 1), gate));
  }
  std::ifstream tickets(options.tickets);
  uint32_t devices = 0;
  for (std::string ticket; std::getline(tickets, ticket); ++devices) {
    crowds[devices % crowds.size()]->add(LoadDevice::make(devices / crowds.size() % 2 == 0,
                                                          options.first_card + static_cast<uint32_t>(devices), ticket));
  }
  if (devices == 0) throw Error(ErrorKind::usage, "there is no ticket in " + options.tickets);

  const auto began = Crowd::Clock::now();
  std::atomic<size_t> left{crowds.size()};
  Threads threads;
  for (const auto& crowd : crowds) {
    threads.start([&crowd, &left] {
      crowd->run();
      --left;
    });
  }
  if (options.hold > 0) keep_gate(gate, devices, left);
  const auto let_go = Crowd::Clock::now();
  threads.join();
  const std::chrono::duration<double> took = Crowd::Clock::now() - began, after = Crowd::Clock::now() - let_go;

  const std::string wanted = play_here(options.flow, 1).state;
  json out{{"devices", devices}, {"seconds", took.count()}, {"seconds_after_hold", after.count()}};
  json errors = json::array();
  size_t in_wanted_state = 0;
  std::map<std::string, double> sums;
  std::vector<uint32_t> before, answers;
  for (const auto& crowd : crowds) {
    for (const Crowd::Member& member : crowd->members()) {
      if (!member.error.empty()) errors.push_back(member.error);
      in_wanted_state += wanted_state(member.device->card().state_digest_text()) == wanted;
      sums["commands"] += static_cast<double>(member.device->commands);
      sums["orders"] += static_cast<double>(member.device->orders);
      sums["apdu_bytes"] += static_cast<double>(member.device->command_bytes + member.device->answer_bytes);
      sums["http_bytes"] += static_cast<double>(member.line->http_in + member.line->http_out);
      sums["wire_bytes"] += static_cast<double>(member.line->wire_in + member.line->wire_out);
      sums["connections"] += static_cast<double>(member.line->connections);
      sums["card_seconds"] += member.device->card_seconds;
    }
    sums["requests"] += static_cast<double>(crowd->requests);
    sums["lost"] += static_cast<double>(crowd->lost);
    sums["busy"] += static_cast<double>(crowd->busy);
    before.insert(before.end(), crowd->answers_before.begin(), crowd->answers_before.end());
    answers.insert(answers.end(), crowd->answers.begin(), crowd->answers.end());
  }
  for (const auto& [name, sum] : sums) out[name] = sum;
  out["in_wanted_state"] = in_wanted_state;
  out["failed"] = errors.size();
  if (errors.size() > 5) errors.erase(errors.begin() + 5, errors.end());
  out["errors"] = errors;
  out["answers_before_hold"] = times_of(std::move(before));
  out["answers"] = times_of(std::move(answers));
  out["own_cpu_seconds"] = process_seconds();
  return out;
}

json play_without_network(const Options& options) {
  const LoadHere here = play_here(options.flow, options.here);
  return {{"seconds", here.seconds}, {"card_seconds", here.card_seconds}, {"journal_seconds", here.journal_seconds}};
}

}  // namespace
}  // namespace cw::bench

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  try {
    const auto options = cw::bench::read_options(argc, argv);
    const auto out = options.here > 0 ? cw::bench::play_without_network(options) : cw::bench::play_devices(options);
    std::cout << out.dump() << std::endl;
    return 0;
  } catch (const cw::Error& error) {
    std::fprintf(stderr, "device_load: %s\n", error.what());
    return 1;
  }
}
