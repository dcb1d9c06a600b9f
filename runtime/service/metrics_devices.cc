// The figures of the door for devices.
#include <functional>

#include "metrics_page_private.h"

namespace cw::service {

namespace {

using Protocol = DeviceCounters::Protocol;

class DevicePage {
 public:
  DevicePage(MetricsPage& page, const SharedCounters& counters) : page_(page) {
    for (size_t i = 0; i < counters.size(); ++i) {
      if (std::string_view(counters.at(i).name.data()).starts_with("device-")) workers_.push_back(&counters.at(i));
    }
  }
  bool empty() const { return workers_.empty(); }

  /// One value for each protocol.
  void by_protocol(const char* name, const char* type, const char* help, Counter Protocol::*value) {
    page_.begin(name, type, help);
    each_protocol([&](const Protocol& protocol, const Labels& labels) { page_.put(labels, protocol.*value); });
  }
  void untaken() {
    page_.begin("device_reports_refused_total", "counter", "Reports of devices that were not taken, by the reason.");
    each_protocol([&](const Protocol& protocol, const Labels& labels) {
      for (size_t why = 0; why < kUntaken.size(); ++why) {
        page_.put(with(labels, "why", kUntaken[why]), protocol.untaken[why]);
      }
    });
  }
  void times() {
    page_.begin("device_answer_seconds", "histogram", "Time from a request's first byte until its answer was out.");
    each_protocol([&](const Protocol& protocol, const Labels& labels) {
      const AnswerTimes& times = protocol.times;
      for (size_t i = 0; i < AnswerTimes::kBounds.size(); ++i) {
        const std::string bound = number_text(static_cast<double>(AnswerTimes::kBounds[i]) / 1e6);
        page_.put("_bucket", with(labels, "le", bound), std::to_string(times.up_to(i)));
      }
      const std::string all = std::to_string(times.up_to(AnswerTimes::kBounds.size()));
      page_.put("_bucket", with(labels, "le", "+Inf"), all);
      page_.put("_sum", labels, number_text(static_cast<double>(times.microseconds()) / 1e6));
      page_.put("_count", labels, all);
    });
  }
  void runs() {
    const auto put = [&](const char* label,
                         std::initializer_list<std::pair<const char*, Counter DeviceCounters::*>> all) {
      for (const SharedWorker* worker : workers_) {
        for (const auto& [value, counter] : all) {
          page_.put({{"worker", worker->name.data()}, {label, value}}, worker->devices.*counter);
        }
      }
    };
    page_.begin("device_runs_opened_total", "counter", "Runs on devices that began here, or were taken up.");
    put("how", {{"begun", &DeviceCounters::runs_begun}, {"taken_up", &DeviceCounters::runs_taken_up}});
    page_.begin("device_runs_ended_total", "counter", "Runs on devices that are over, by their result.");
    put("result", {{"done", &DeviceCounters::runs_done}, {"failed", &DeviceCounters::runs_failed}});
  }
  void refused() {
    page_.begin("device_tickets_refused_total", "counter",
                "Requests whose ticket opened no session, by the kind of error.");
    for (const SharedWorker* worker : workers_) {
      for (size_t kind = 0; kind < worker->devices.refused.size(); ++kind) {
        const std::string name(name_of(static_cast<ErrorKind>(kind)));
        page_.put({{"worker", worker->name.data()}, {"kind", name}}, worker->devices.refused[kind]);
      }
    }
  }

 private:
  static Labels with(Labels labels, const char* name, std::string_view value) {
    labels.emplace_back(name, value);
    return labels;
  }
  void each_protocol(const std::function<void(const Protocol&, const Labels&)>& put) const {
    for (const SharedWorker* worker : workers_) {
      put(worker->devices.seram, {{"worker", worker->name.data()}, {"protocol", "seram"}});
      put(worker->devices.ram_http, {{"worker", worker->name.data()}, {"protocol", "ram-http"}});
    }
  }

  MetricsPage& page_;
  std::vector<const SharedWorker*> workers_{};
};

}  // namespace

void put_devices(MetricsPage& page, const SharedCounters& counters) {
  DevicePage devices(page, counters);
  if (devices.empty()) return;
  devices.by_protocol("device_sessions", "gauge", "Devices with a session in memory.", &Protocol::sessions);
  devices.by_protocol("device_orders_total", "counter", "Orders that were made for devices.", &Protocol::orders);
  devices.by_protocol("device_orders_repeated_total", "counter", "Times that an order went out once more.",
                      &Protocol::orders_again);
  devices.by_protocol("device_orders_lost_total", "counter", "Orders whose report never came.", &Protocol::orders_lost);
  devices.by_protocol("device_command_bytes_total", "counter", "Bytes of the commands that were ordered.",
                      &Protocol::command_bytes);
  devices.by_protocol("device_answer_bytes_total", "counter", "Bytes of the cards' answers that were taken.",
                      &Protocol::answer_bytes);
  devices.by_protocol("device_reports_total", "counter", "Reports of devices that were taken.", &Protocol::reports);
  devices.untaken();
  devices.by_protocol("device_waits_total", "counter", "Answers that told a device to ask again later.",
                      &Protocol::waits);
  devices.times();
  devices.runs();
  devices.refused();
}

}  // namespace cw::service
