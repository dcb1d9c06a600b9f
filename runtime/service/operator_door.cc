#include "service/operator_door.h"

#include <array>
#include <mutex>

#include "lane_private.h"
#include "service/metrics.h"
#include "service/operator_access.h"
#include "service/operator_answer.h"
#include "service/operator_page.h"

namespace cw::service {

namespace {

using nlohmann::ordered_json;

constexpr std::chrono::minutes kLongest{10};  // for a journal that is played again, or an audit of millions of records

net::ServerAnswer text_answer(int status, std::string text, const char* type = "text/plain; charset=utf-8") {
  return {status, {{"Content-Type", type}, {"Cache-Control", "no-store"}}, std::move(text)};
}

/// What takes as long as it takes has a lane of its own: the heart beats through the other.
bool is_slow(Ask ask) {
  switch (ask) {
    case Ask::audit_list:
    case Ask::audit_verify:
    case Ask::policy_check:
    case Ask::policy_load:
    case Ask::bundle_load:
    case Ask::bundle_diff:
    case Ask::bundle_verify:
    case Ask::bundle_use:
    case Ask::bundle_rollback:
    case Ask::proposal_approve:
    case Ask::run_show:
      return true;
    default:
      return false;
  }
}

/// Why an owner may not ask for it; empty: they may, and get what is theirs.
std::string keep_to_owner(OperatorCommand& command, const Route& route, const Visitor& who) {
  if (who.owner.empty()) return {};
  if (!route.owners) return "this is for the operator alone, and " + who.name + " is here for " + who.owner;
  if (!command.owner().empty() && command.owner() != who.owner) {
    return who.name + " is here for " + who.owner + ", and for nobody else";
  }
  command.words["owner"] = who.owner;
  command.of_owner = true;
  return {};
}

ordered_json index_json(const std::string& version, const Visitor& visitor) {
  ordered_json routes = ordered_json::array();
  for (const Route& route : service::routes()) {
    if (!visitor.owner.empty() && !route.owners) continue;
    routes.push_back({{"method", route.method}, {"path", route.path}, {"role", name_of(route.role)}});
  }
  return {{"service", "cardwright"},
          {"version", version},
          {"you", {{"name", visitor.name}, {"role", name_of(*visitor.role)}, {"owner", visitor.owner}}},
          {"routes", routes}};
}

class OperatorDoor : public Door {
 public:
  explicit OperatorDoor(const OperatorDoorSetup& setup)
      : setup_(setup),
        roles_(std::make_shared<const Roles>(setup.configuration.operators.roles)),
        quick_(setup.open),
        slow_(setup.open) {}

  void start(const Listeners& listeners) override {
    for (const auto& [name, listen] : listeners) {
      if (name == kMetrics) {
        open(name, listen,
             [this](const net::ServerRequest& request, net::Reply reply) { watch(request, std::move(reply)); });
      } else if (name == kOperatorUnix || name == kOperatorHttps) {
        open(name, listen, [this, here = name == kOperatorUnix](net::ServerRequest request, net::Reply reply) {
          serve(std::move(request), here, std::move(reply));
        });
      }
    }
  }

  bool drain(std::chrono::milliseconds patience) override {
    const auto until = std::chrono::steady_clock::now() + patience;
    bool whole = true;
    for (const auto& each : servers_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      whole = each->server.drain(std::max(left, std::chrono::milliseconds(0))) && whole;
    }
    return whole;
  }

  void reload() override {
    const OperatorDoorConfig& now = setup_.configuration.operators;
    for (const auto& each : servers_) {
      if (each->name == kOperatorHttps && now.https) each->server.reload(now.https->tls);
    }
    const std::lock_guard lock(mutex_);
    roles_ = std::make_shared<const Roles>(now.roles);
  }

  bool pulse(std::function<void()> beat) override {
    // What waits is no sign of hanging: only what is being done counts.
    return quick_.post_first([beat = std::move(beat)](Desk&) { beat(); });
  }

  std::vector<DoorCounters> counters() const override {
    std::vector<DoorCounters> out;
    for (const auto& each : servers_) out.push_back({each->name, each->server.counters()});
    return out;
  }

 private:
  struct Serving {
    Serving(std::string door, const net::ServerSetup& setup) : name(std::move(door)), server(setup) {}
    std::string name;
    net::HttpServer server;
  };

  void open(const std::string& name, const std::string& listen, net::Handler handler) {
    net::ServerSetup setup;
    setup.listen = listen;
    if (name == kOperatorHttps) setup.tls = setup_.configuration.operators.https->tls;
    setup.limits.connections = 256;
    if (name != kMetrics) {
      // Operators are few, and an archive is large: as many of it at once as there are connections.
      setup.limits.connections = 64;
      setup.limits.connections_per_client = 32;
      setup.limits.request.body_bytes = kLargestBody + 1024;  // a little over it is told in JSON
    }
    setup.limits.times.handler = kLongest;
    setup.handler = std::move(handler);
    setup.hooks = hooks(name);
    servers_.push_back(std::make_unique<Serving>(name, setup));
  }

  net::ServerHooks hooks(const std::string& door) const {
    net::ServerHooks out;
    const ServiceLog& log = setup_.log;
    out.served = [&log, door](const net::ServedRequest& served) {
      const bool asked_for = served.status < 400 && (served.method == "GET" || served.method == "HEAD");
      const log::Level level = asked_for ? log::Level::debug : log::Level::info;
      if (!log.shows(level)) return;
      ServiceLog::Facts facts = {{"door", door},
                                 {"from", served.peer.address},
                                 {"method", served.method},
                                 {"path", served.target.substr(0, served.target.find('?'))},
                                 {"status", served.status},
                                 {"ms", served.took.count() / 1000}};
      if (served.peer.certificate) facts["who"] = served.peer.certificate->subject;
      if (served.peer.user) facts["uid"] = served.peer.user->uid;
      if (!served.why.empty()) facts["why"] = served.why;
      log.say(level, "request", facts);
    };
    out.turned_away = [&log, door](std::string_view address, std::string_view why) {
      log.info("connection turned away", {{"door", door}, {"from", address}, {"why", why}});
    };
    out.problem = [&log, door](std::string_view line) { log.error(line, {{"door", door}}); };
    return out;
  }

  Visitor visitor(const net::Peer& peer) {
    std::shared_ptr<const Roles> roles;
    {
      const std::lock_guard lock(mutex_);
      roles = roles_;
    }
    return visitor_of(peer, *roles);
  }

  void serve(const net::ServerRequest& request, bool here, net::Reply reply) {
    const Visitor who = visitor(request.peer);
    if (!who.role) return reply.send(error_answer(403, "usage", who.why));
    if (const std::string why = foreign(request, here); !why.empty()) {
      return reply.send(error_answer(403, "usage", why));
    }
    if (std::optional<net::ServerAnswer> page = page_answer(request.method, request.target)) {
      return reply.send(std::move(*page));
    }
    ParsedRequest parsed = parse_request(request.method, request.target, request.body);
    if (const auto* refused = std::get_if<Refused>(&parsed)) {
      net::ServerAnswer answer = error_answer(refused->status, "usage", refused->why);
      if (!refused->allow.empty()) answer.headers.emplace_back("Allow", refused->allow);
      return reply.send(std::move(answer));
    }
    auto& command = std::get<OperatorCommand>(parsed);
    const Route& route = route_of(command.ask);
    if (*who.role < route.role) {
      return reply.send(error_answer(403, "usage",
                                     "this needs the role " + std::string(name_of(route.role)) + ", and " + who.name +
                                         " is " + std::string(name_of(*who.role))));
    }
    if (const std::string why = keep_to_owner(command, route, who); !why.empty()) {
      return reply.send(error_answer(403, "usage", why));
    }
    // A page in a browser that holds a certificate can send forms to us, and neither JSON nor an archive.
    const std::string_view type = content_type_of(route);
    if (request.method == "POST" && !request.header("content-type").starts_with(type)) {
      return reply.send(error_answer(415, "usage", "the body must come as Content-Type: " + std::string(type)));
    }
    if (command.ask == Ask::index) return reply.send(json_answer(200, index_json(setup_.version, who)));
    if (command.ask == Ask::health)
      return with_desk(quick_, std::move(reply),
                       [this, all = who.owner.empty()](Desk& desk) { return health(desk, all); });
    with_desk(is_slow(command.ask) ? slow_ : quick_, std::move(reply),
              [command, name = who.name](Desk& desk) { return json_answer(200, desk.answer(command, name)); });
  }

  void watch(const net::ServerRequest& request, net::Reply reply) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (request.method != "GET" && request.method != "HEAD") return reply.send(text_answer(405, "GET alone\n"));
    if (path == "/livez") return reply.send(text_answer(200, "alive\n"));
    if (path == "/metrics") return with_desk(quick_, std::move(reply), [this](Desk& desk) { return figures(desk); });
    if (path == "/readyz") return with_desk(quick_, std::move(reply), [](Desk& desk) { return readiness(desk); });
    reply.send(text_answer(404, "there are /livez, /readyz and /metrics\n"));
  }

  /// What the desk raises is an answer, too.
  void with_desk(Lane<Desk>& lane, net::Reply reply, std::function<net::ServerAnswer(Desk&)> work) {
    const auto shared = std::make_shared<net::Reply>(std::move(reply));
    const bool taken = lane.post([shared, work = std::move(work), &log = setup_.log](Desk& desk) {
      if (shared->gone()) return;
      net::ServerAnswer answer;
      try {
        answer = work(desk);
      } catch (const Error& error) {
        answer = error_answer(error);
      } catch (const std::exception& error) {
        log.error("a request failed: this is a defect, please report it", {{"why", error.what()}});
        answer = error_answer(500, "internal", "this is a defect, please report it; the log of the service has more");
      }
      shared->send(std::move(answer));
    });
    if (!taken) shared->send(error_answer(503, "store", "too many requests wait; ask again later"));
  }

  /// Why it is not ready, and who works for it, is the operator's business (`all`).
  net::ServerAnswer health(Desk& desk, bool all) const {
    ordered_json workers = ordered_json::array();
    for (size_t i = 0; all && i < setup_.counters.size(); ++i) {
      const SharedWorker& worker = setup_.counters.at(i);
      workers.push_back({{"name", worker.name.data()},
                         {"state", name_of(worker.state.load())},
                         {"pid", worker.pid.load()},
                         {"starts", worker.starts.load()},
                         {"killed", worker.killed.load()}});
    }
    ordered_json checks = ordered_json::array();
    bool ready = true;
    for (const Readiness& each : desk.readiness()) {
      ready = ready && each.ok;
      if (all) checks.push_back({{"name", each.name}, {"ok", each.ok}, {"why", each.why}});
    }
    return json_answer(200, {{"version", setup_.version}, {"ready", ready}, {"checks", checks}, {"workers", workers}});
  }

  static net::ServerAnswer readiness(Desk& desk) {
    std::string text;
    bool ready = true;
    for (const Readiness& each : desk.readiness()) {
      ready = ready && each.ok;
      text += each.name + (each.ok ? ": ok" : ": " + each.why) + "\n";
    }
    return text_answer(ready ? 200 : 503, text);
  }

  net::ServerAnswer figures(Desk& desk) const {
    MetricsInput input{setup_.counters, setup_.version, {}, 0};
    const auto begun = std::chrono::steady_clock::now();
    try {
      input.store = desk.figures();
    } catch (const Error& error) {
      setup_.log.warn("the store gives no figures", {{"why", error.message()}});
    }
    input.store_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return text_answer(200, metrics_text(input), kMetricsType);
  }

  const OperatorDoorSetup setup_;
  std::mutex mutex_;
  std::shared_ptr<const Roles> roles_;
  Lane<Desk> quick_;
  Lane<Desk> slow_;
  std::vector<std::unique_ptr<Serving>> servers_{};  // go first: their handlers use the lanes
};

}  // namespace

std::unique_ptr<Door> make_operator_door(const OperatorDoorSetup& setup) {
  return std::make_unique<OperatorDoor>(setup);
}

}  // namespace cw::service
