#include "service/metrics.h"

#include <algorithm>
#include <functional>

#include "metrics_page_private.h"

namespace cw::service {

namespace {

void put_workers(MetricsPage& page, const SharedCounters& counters) {
  const auto each = [&](const std::function<std::string(const SharedWorker&)>& value) {
    for (size_t i = 0; i < counters.size(); ++i) {
      page.put({{"worker", counters.at(i).name.data()}}, value(counters.at(i)));
    }
  };
  page.begin("worker_up", "gauge", "1 if the worker process serves.");
  each([](const SharedWorker& worker) { return worker.state == WorkerState::ready ? "1" : "0"; });
  page.begin("worker_starts_total", "counter", "Times that the worker process was started.");
  each([](const SharedWorker& worker) { return std::to_string(worker.starts); });
  page.begin("worker_killed_total", "counter", "Times that it was killed, since it gave no sign of life.");
  each([](const SharedWorker& worker) { return std::to_string(worker.killed); });
  page.begin("worker_quiet_seconds", "gauge", "Time since its last sign of life.");
  each([](const SharedWorker& worker) {
    return number_text(static_cast<double>(std::max<int64_t>(steady_ms() - worker.beat, 0)) / 1000);
  });
}

void put_doors(MetricsPage& page, const SharedCounters& counters) {
  const auto each = [&](const std::function<void(const SharedDoor&, Labels)>& put) {
    for (size_t i = 0; i < counters.size(); ++i) {
      for (const SharedDoor& door : counters.at(i).doors) {
        if (door.name[0] != '\0') put(door, {{"worker", counters.at(i).name.data()}, {"door", door.name.data()}});
      }
    }
  };
  const auto all = [&](std::atomic<uint64_t> SharedDoor::*value) {
    each([&](const SharedDoor& door, const Labels& labels) { page.put(labels, door.*value); });
  };
  page.begin("connections_open", "gauge", "Connections of clients.");
  all(&SharedDoor::open);
  page.begin("connections_total", "counter", "Connections that were taken.");
  all(&SharedDoor::accepted);
  page.begin("connections_refused_total", "counter", "Connections over a limit.");
  all(&SharedDoor::refused);
  page.begin("handshakes_failed_total", "counter", "TLS handshakes that failed.");
  all(&SharedDoor::handshakes_failed);
  page.begin("received_bytes_total", "counter", "Bytes of HTTP that came in.");
  all(&SharedDoor::bytes_in);
  page.begin("sent_bytes_total", "counter", "Bytes of HTTP that went out.");
  all(&SharedDoor::bytes_out);
  page.begin("answers_total", "counter", "Answers by the class of their status.");
  each([&](const SharedDoor& door, const Labels& labels) {
    for (size_t kind = 2; kind < door.answers.size(); ++kind) {
      Labels more = labels;
      more.emplace_back("class", std::to_string(kind) + "xx");
      page.put(more, door.answers[kind]);
    }
  });
}

}  // namespace

std::string metrics_text(const MetricsInput& input) {
  MetricsPage page;
  page.begin("build_info", "gauge", "Always 1; the version is a label.");
  page.put({{"version", input.version}}, 1);
  put_workers(page, input.counters);
  put_doors(page, input.counters);
  put_devices(page, input.counters);
  page.begin("store_up", "gauge", "1 if the store answered just now.");
  page.put({}, input.store ? 1 : 0);
  if (!input.store) return page.text;
  page.begin("store_answer_seconds", "gauge", "Time that the store took to answer just now.");
  page.put({}, number_text(input.store_seconds));
  page.begin("runs", "gauge", "Runs in the store by state.");
  for (const auto& run : input.store->runs) page.put({{"state", run.first}}, static_cast<uint64_t>(run.second));
  page.begin("policy_in_use", "gauge", "Always 1; labels name the policy that runs begin under.");
  if (!input.store->policy_hash.empty()) {
    page.put({{"policy", input.store->policy}, {"hash", input.store->policy_hash}}, 1);
  }
  return page.text;
}

}  // namespace cw::service
