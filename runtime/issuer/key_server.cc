#include "issuer/key_server.h"

#include <chrono>
#include <functional>

#include "base/error.h"
#include "base/log.h"
#include "crypto/key_wrap.h"
#include "issuer/key_server_door.h"
#include "net/http_server.h"

namespace cw::issuer {

namespace {

constexpr unsigned kThreads = 4;      // each may wait for the audit
constexpr size_t kBody = 128u << 10;  // more than a request may have, so that its sender is told
constexpr std::chrono::milliseconds kPatience{5'000};

int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void attempt(std::vector<std::string>& problems, const std::string& place, const std::function<void()>& use) {
  try {
    use();
  } catch (const Error& error) {
    problems.push_back(place + ": " + error.message());
  }
}

}  // namespace

std::vector<std::string> check_use(const KeyServerConfiguration& configuration, const crypto::KeyStore& keys) {
  std::vector<std::string> problems;
  attempt(problems, "tls", [&] { net::check_tls(configuration.tls); });
  for (const MasterKeys& master : configuration.masters) {
    const std::string place = "masters." + master.name + ".keys";
    attempt(problems, place, [&] {
      const crypto::KeySet set = keys.find(master.keys);
      if (!set.enc || !set.mac || !set.dek || set.enc->type() != master.type()) {
        problems.push_back(place + ": key set " + master.keys + " is of another type than " + master.method + " takes");
      }
      if (!set.diversification.empty() && set.diversification != master.method) {
        problems.push_back(place + ": key set " + master.keys + " says " + set.diversification +
                           ", the method here is " + master.method);
      }
    });
  }
  for (const Tsm& tsm : configuration.tsms) {
    for (const auto& [index, kek] : tsm.keks) {
      const std::string place = "tsms." + tsm.id + ".keks." + std::to_string(index) + ".key";
      attempt(problems, place, [&, name = kek.key, form = kek.form] {
        const bool des = form == crypto::WrapForm::des_ecb;
        if ((keys.find_key(name)->type() == crypto::KeyType::des) == des) return;
        problems.push_back(place + ": " + name + " is no key for " + std::string(crypto::name_of(form)));
      });
    }
  }
  return problems;
}

class KeyServer::Impl {
 public:
  Impl(const KeyServerConfiguration& configuration, std::shared_ptr<const crypto::KeyStore> keys)
      : configuration_(configuration),
        keys_(std::move(keys)),
        audit_(configuration_.audit),
        desk_(configuration_, *keys_),
        door_(configuration_, desk_, audit_, now),
        server_(setup()) {}
  ~Impl() { server_.drain(kPatience); }

  const std::string& address() const { return server_.address(); }
  void reload_tls() { server_.reload(configuration_.tls); }

 private:
  net::ServerSetup setup() {
    net::ServerSetup out;
    out.listen = configuration_.listen;
    out.tls = configuration_.tls;
    out.threads = kThreads;
    out.limits.request.body_bytes = kBody;
    out.hooks.turned_away = [](std::string_view address, std::string_view why) {
      log::warn("turned away " + std::string(address) + ": " + std::string(why));
    };
    out.handler = [this](const net::ServerRequest& request, net::Reply reply) {
      door_.handle(request, std::move(reply));
    };
    return out;
  }

  const KeyServerConfiguration configuration_;
  const std::shared_ptr<const crypto::KeyStore> keys_;
  KeyServerAudit audit_;
  const KeyServerDesk desk_;
  KeyServerDoor door_;
  net::HttpServer server_;
};

KeyServer::KeyServer(const KeyServerConfiguration& configuration, std::shared_ptr<const crypto::KeyStore> keys)
    : impl_(std::make_unique<Impl>(configuration, std::move(keys))) {}

KeyServer::~KeyServer() = default;

const std::string& KeyServer::address() const { return impl_->address(); }

void KeyServer::reload_tls() { impl_->reload_tls(); }

}  // namespace cw::issuer
