#include "service/issuer_door.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <variant>

#include "base/error.h"
#include "lane_private.h"

namespace cw::service {

namespace {

constexpr size_t kMostBody = 64u << 10;
constexpr std::chrono::seconds kLongest{60};

using Message = std::variant<KeySync, StateSync>;

class IssuerDoor : public Door {
 public:
  explicit IssuerDoor(const IssuerDoorSetup& setup) : setup_(setup), senders_(now()), lane_(setup.open) {}

  void start(const Listeners& listeners) override {
    const auto found = listeners.find(kIssuer);
    if (found == listeners.end()) return;
    net::ServerSetup server;
    server.listen = found->second;
    server.tls = setup_.configuration.issuers->https.tls;
    server.limits.connections = 64;
    server.limits.connections_per_client = 16;
    server.limits.request.body_bytes = kMostBody;
    server.limits.times.handler = kLongest;
    server.handler = [this](const net::ServerRequest& request, net::Reply reply) { serve(request, std::move(reply)); };
    server.hooks.served = [&log = setup_.log](const net::ServedRequest& served) {
      ServiceLog::Facts facts = {{"door", kIssuer},
                                 {"from", served.peer.address},
                                 {"method", served.method},
                                 {"path", served.target.substr(0, served.target.find('?'))},
                                 {"status", served.status}};
      if (served.peer.certificate) facts["who"] = served.peer.certificate->subject;
      if (!served.why.empty()) facts["why"] = served.why;
      log.info("request", facts);
    };
    server.hooks.turned_away = [&log = setup_.log](std::string_view address, std::string_view why) {
      log.info("connection turned away", {{"door", kIssuer}, {"from", address}, {"why", why}});
    };
    server.hooks.problem = [&log = setup_.log](std::string_view line) { log.error(line, {{"door", kIssuer}}); };
    server_.emplace(server);
  }

  bool drain(std::chrono::milliseconds patience) override { return !server_ || server_->drain(patience); }

  void reload() override {
    if (server_) server_->reload(setup_.configuration.issuers->https.tls);
    const std::lock_guard lock(mutex_);
    senders_ = now();
  }

  bool pulse(std::function<void()> beat) override {
    return lane_.post_first([beat = std::move(beat)](IssuerDesk&) { beat(); });
  }

  std::vector<DoorCounters> counters() const override {
    if (!server_) return {};
    return {{kIssuer, server_->counters()}};
  }

 private:
  using Senders = std::vector<SenderConfig>;

  std::shared_ptr<const Senders> now() const {
    return std::make_shared<const Senders>(setup_.configuration.issuers->senders);
  }

  net::ServerAnswer answer(int status, const SyncAnswer& said) const {
    return {status,
            {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}},
            to_json(said, setup_.configuration.issuers->number_codes)};
  }

  void refuse(const net::ServerRequest& request, net::Reply reply, int status, const std::string& why) const {
    setup_.log.warn("refused", {{"door", kIssuer}, {"from", request.peer.address}, {"why", why}});
    net::ServerAnswer out = answer(status, {false, why, {}});
    if (status == 405) out.headers.emplace_back("Allow", "POST");
    reply.send(std::move(out));
  }

  void serve(const net::ServerRequest& request, net::Reply reply) {
    std::shared_ptr<const Senders> senders;
    {
      const std::lock_guard lock(mutex_);
      senders = senders_;
    }
    const auto& certificate = request.peer.certificate;
    const auto is_theirs = [&](const SenderConfig& one) { return certificate && one.subject == certificate->subject; };
    if (std::none_of(senders->begin(), senders->end(), is_theirs)) {
      return refuse(request, std::move(reply), 403, "your certificate is no sender's");
    }
    const IssuerDoorConfig& config = *setup_.configuration.issuers;
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path != config.keys_path && path != config.state_path) {
      return refuse(request, std::move(reply), 404,
                    "there is no such path; there are " + config.keys_path + " and " + config.state_path);
    }
    if (request.method != "POST") return refuse(request, std::move(reply), 405, "only POST is answered here");
    if (!request.header("content-type").starts_with("application/json")) {
      return refuse(request, std::move(reply), 415, "the body must come as Content-Type: application/json");
    }
    Message message;
    try {
      if (path == config.keys_path) {
        message = parse_key_sync(request.body);
      } else {
        message = parse_state_sync(request.body);
      }
    } catch (const Error& error) {
      return refuse(request, std::move(reply), 400, error.message());
    }
    const std::string& id = std::visit([](const auto& one) -> const std::string& { return one.head.sender; }, message);
    const auto sender = std::find_if(senders->begin(), senders->end(),
                                     [&](const SenderConfig& one) { return is_theirs(one) && one.id == id; });
    if (sender == senders->end()) {
      return reply.send(answer(200, {false, "seiTsmId is not yours, by your certificate", {}}));
    }
    hand_over(*sender, std::move(message), std::move(reply));
  }

  void hand_over(const SenderConfig& sender, Message message, net::Reply reply) {
    const auto shared = std::make_shared<net::Reply>(std::move(reply));
    const bool taken = lane_.post([this, shared, sender, message = std::move(message)](IssuerDesk& desk) {
      SyncAnswer said;
      int status = 200;
      try {
        said = std::visit([&](const auto& one) { return carry_out(desk, sender, one); }, message);
      } catch (const Error& error) {
        // Whoever asks again later finds it mended, or not: the reason is for the operator.
        setup_.log.error("a message was not taken", {{"door", kIssuer}, {"who", sender.id}, {"why", error.message()}});
        said = {false, "not taken just now; send it again later", {}};
        status = 503;
      }
      shared->send(answer(status, said));
    });
    if (!taken) shared->send(answer(503, {false, "too many messages wait; send it again later", {}}));
  }

  SyncAnswer carry_out(IssuerDesk& desk, const SenderConfig& sender, const KeySync& message) {
    return told_of("keys", sender, message.head, desk.keys(sender, message));
  }
  SyncAnswer carry_out(IssuerDesk& desk, const SenderConfig& sender, const StateSync& message) {
    SyncAnswer out = told_of(message.status.c_str(), sender, message.head, desk.state(sender, message));
    if (out.normal && setup_.told) setup_.told();
    return out;
  }

  SyncAnswer told_of(const char* what, const SenderConfig& sender, const MessageHead& head, SyncAnswer out) const {
    const ServiceLog::Facts facts = {{"who", sender.id}, {"what", what}, {"domain", head.aid}, {"why", out.message}};
    if (out.normal) {
      setup_.log.info("an issuer told", facts);
    } else {
      setup_.log.warn("a message of an issuer was refused", facts);
    }
    return out;
  }

  const IssuerDoorSetup setup_;
  std::mutex mutex_;
  std::shared_ptr<const Senders> senders_;
  Lane<IssuerDesk> lane_;
  std::optional<net::HttpServer> server_{};  // goes first: its handler uses the lane
};

}  // namespace

std::unique_ptr<Door> make_issuer_door(const IssuerDoorSetup& setup) { return std::make_unique<IssuerDoor>(setup); }

}  // namespace cw::service
