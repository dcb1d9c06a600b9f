#include "service/device_worker.h"

#include <optional>

#include "base/error.h"
#include "service/device_desk.h"
#include "service/device_door.h"
#include "service/ticket.h"

namespace cw::service {

namespace {

class DeviceWorker : public Door {
 public:
  explicit DeviceWorker(const DeviceWorkerSetup& setup) : setup_(setup) {}

  void start(const Listeners& listeners) override {
    const auto listen = listeners.find(kDevice);
    if (listen == listeners.end()) throw Error(ErrorKind::internal, "no listener for the device door");
    const DeviceDoorConfig& config = *setup_.configuration.devices;
    DeviceDesk::Setup desk;
    desk.open = setup_.open();
    desk.threads = config.threads;
    desk.silence = config.silence;
    desk.sessions = config.sessions;
    desk_.emplace(std::move(desk));
    DeviceDoor::Setup door;
    door.delay_ms = static_cast<uint32_t>(config.delay.count());
    door.tell = [&log = setup_.log](const std::string& who, const std::string& what) {
      log.info("device", {{"who", who}, {"what", what}});
    };
    door_.emplace(*desk_, std::move(door));
    net::ServerSetup server;
    server.listen = listen->second;
    server.tls = config.https.tls;
    server.limits.connections = config.sessions;
    server.limits.request.head_bytes = kMaxTicket * 2;  // a ticket is in the first line
    server.handler = [this](net::ServerRequest request, net::Reply reply) {
      door_->handle(std::move(request), std::move(reply));
    };
    server.hooks.turned_away = [&log = setup_.log](std::string_view address, std::string_view why) {
      log.info("connection turned away", {{"door", kDevice}, {"from", address}, {"why", why}});
    };
    server.hooks.problem = [&log = setup_.log](std::string_view line) { log.error(line, {{"door", kDevice}}); };
    server_.emplace(server);
  }

  bool drain(std::chrono::milliseconds patience) override {
    const bool whole = server_->drain(patience);
    server_.reset();
    door_.reset();
    desk_.reset();  // runs are left as they stand, and can be taken up
    return whole;
  }

  void reload() override { server_->reload(setup_.configuration.devices->https.tls); }

  bool pulse(std::function<void()> beat) override {
    if (!desk_->gets_on()) return false;
    beat();
    return true;
  }

  std::vector<DoorCounters> counters() const override {
    if (!server_) return {};
    return {{kDevice, server_->counters()}};
  }

 private:
  const DeviceWorkerSetup setup_;
  std::optional<DeviceDesk> desk_{};
  std::optional<DeviceDoor> door_{};
  std::optional<net::HttpServer> server_{};  // goes first: its handler uses the others
};

}  // namespace

std::unique_ptr<Door> make_device_door(const DeviceWorkerSetup& setup) { return std::make_unique<DeviceWorker>(setup); }

}  // namespace cw::service
