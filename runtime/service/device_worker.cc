#include "service/device_worker.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "crypto/shared_key.h"
#include "service/device_desk.h"
#include "service/device_door.h"
#include "service/ticket.h"

namespace cw::service {

namespace {

/// The key of a device is the file with its name, as it stands there when the device calls.
net::TlsSetup with_shared_keys(const std::filesystem::path& folder) {
  net::TlsSetup out;
  out.shared_key = [folder](std::string_view identity) -> std::optional<Secret> {
    const auto plain = [](unsigned char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
             c == '.';
    };
    const bool fit =
        !identity.empty() && identity.front() != '.' && std::all_of(identity.begin(), identity.end(), plain);
    try {
      if (fit) return crypto::read_shared_key(std::string(identity), folder / identity).key;
    } catch (const Error&) {
      // No such device, or no key in its file: it is not let in.
    }
    return {};
  };
  return out;
}

class DeviceWorker : public Door {
 public:
  explicit DeviceWorker(const DeviceWorkerSetup& setup) : setup_(setup) {}

  void start(const Listeners& listeners) override {
    const DeviceDoorConfig& config = *setup_.configuration.devices;
    DeviceDesk::Setup desk;
    desk.open = setup_.open();
    desk.owner_of = setup_.owner_of;
    desk.threads = config.threads;
    desk.silence = config.silence;
    desk.sessions = config.sessions;
    desk.awake = config.awake;
    desk_.emplace(std::move(desk), setup_.counters);
    DeviceDoor::Setup door;
    door.delay_ms = static_cast<uint32_t>(config.delay.count());
    door.tell = [&log = setup_.log](const std::string& who, const std::string& what) {
      log.info("device", {{"who", who}, {"what", what}});
    };
    door_.emplace(*desk_, std::move(door));
    for (const auto& [name, listen] : listeners) {
      if (name == kDevice) serve(name, listen, config.https->tls);
      if (name == kDeviceSharedKey) serve(name, listen, with_shared_keys(config.shared_key->keys));
    }
  }

  bool drain(std::chrono::milliseconds patience) override {
    const auto until = std::chrono::steady_clock::now() + patience;
    bool whole = true;
    for (const auto& each : servers_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      whole = each.second->drain(std::max(left, std::chrono::milliseconds(0))) && whole;
    }
    servers_.clear();
    desk_.reset();  // runs are left as they stand, and can be taken up; what is under way still uses the door
    door_.reset();
    return whole;
  }

  void reload() override {
    const auto& https = setup_.configuration.devices->https;
    if (const auto found = servers_.find(kDevice); https && found != servers_.end()) found->second->reload(https->tls);
  }

  bool pulse(std::function<void()> beat) override {
    if (!desk_->gets_on()) return false;
    beat();
    return true;
  }

  std::vector<DoorCounters> counters() const override {
    std::vector<DoorCounters> out;
    for (const auto& each : servers_) out.push_back({each.first, each.second->counters()});
    return out;
  }

 private:
  void serve(const std::string& name, const std::string& listen, const net::TlsSetup& tls) {
    net::ServerSetup server;
    server.listen = listen;
    server.tls = tls;
    // Many devices may come from one address: that of a carrier, or of a load balancer.
    server.limits.connections = server.limits.connections_per_client = setup_.configuration.devices->sessions;
    server.limits.request.body_bytes = 256u << 10;
    server.limits.request.head_bytes = kMaxTicket * 2;  // a ticket is in the first line, and may be in a header
    server.handler = [this](net::ServerRequest request, net::Reply reply) { door_->handle(request, std::move(reply)); };
    server.hooks.served = [&counters = setup_.counters](const net::ServedRequest& served) {
      if (const auto protocol = protocol_at(served.target)) counters.of(*protocol).times.add(served.took);
    };
    server.hooks.turned_away = [&log = setup_.log, name](std::string_view address, std::string_view why) {
      log.info("connection turned away", {{"door", name}, {"from", address}, {"why", why}});
    };
    server.hooks.problem = [&log = setup_.log, name](std::string_view line) { log.error(line, {{"door", name}}); };
    servers_[name] = std::make_unique<net::HttpServer>(server);
  }

  const DeviceWorkerSetup setup_;
  // In this order: the door's work is done by the desk's threads, and they end with the desk.
  std::optional<DeviceDoor> door_{};
  std::optional<DeviceDesk> desk_{};
  std::map<std::string, std::unique_ptr<net::HttpServer>> servers_{};  // go first: their handlers use the others
};

}  // namespace

std::unique_ptr<Door> make_device_door(const DeviceWorkerSetup& setup) { return std::make_unique<DeviceWorker>(setup); }

}  // namespace cw::service
