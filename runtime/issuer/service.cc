#include "issuer/service.h"

#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "crypto/key_wrap.h"
#include "issuer/admin.h"
#include "issuer/door.h"
#include "issuer/pusher.h"
#include "net/http_server.h"

namespace cw::issuer {

namespace {

constexpr unsigned kThreads = 4;  // each may wait for the desk
constexpr std::chrono::milliseconds kPatience{5'000};

int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

net::ServerSetup setup(const std::string& listen, const std::optional<net::TlsSetup>& tls, net::Handler handler) {
  net::ServerSetup out;
  out.listen = listen;
  out.tls = tls;
  out.handler = std::move(handler);
  out.threads = kThreads;
  out.hooks.turned_away = [](std::string_view address, std::string_view why) {
    log::warn("turned away " + std::string(address) + ": " + std::string(why));
  };
  return out;
}

class Checking {
 public:
  Checking(const crypto::KeyStore& keys, std::vector<std::string>& problems) : keys_(keys), problems_(problems) {}

  void attempt(const std::string& place, const std::function<void()>& use) {
    try {
      use();
    } catch (const Error& error) {
      problems_.push_back(place + ": " + error.message());
    }
  }

  void key_set(const std::string& place, const std::string& name, uint8_t scp, bool of_domain) {
    attempt(place, [&] {
      const crypto::KeySet set = keys_.find(name);
      const auto type = scp == 2 ? crypto::KeyType::des : crypto::KeyType::aes;
      if (!set.enc || set.enc->type() != type) {
        problems_.push_back(place + ": key set " + name + " is of another type than SCP0" + std::to_string(scp) +
                            " has");
      }
      if (of_domain && (set.version == 0 || set.version > 0x7F)) {
        problems_.push_back(place + ": key set " + name + " needs a version from 01 to 7F, which the new keys have");
      }
    });
  }

  void transport_key(const std::string& place, const Tenant& tenant) {
    attempt(place + ".transport_key", [&] {
      const bool des = crypto::wrap_form(tenant.key_wrap) == crypto::WrapForm::des_ecb;
      if ((keys_.find_key(tenant.transport_key)->type() == crypto::KeyType::des) == des) return;
      problems_.push_back(place + ".transport_key: " + tenant.transport_key + " is no key for " + tenant.key_wrap);
    });
  }

  void signing_key(const std::string& place, const std::string& name, crypto::SigningUse use) {
    if (name.empty()) return;
    attempt(place, [&] {
      if (!keys_.find_signing_key(name, use)->can_sign() && use == crypto::SigningUse::token) {
        problems_.push_back(place + ": key " + name + " is the public half alone, and has to sign");
      }
    });
  }

  void message_key(const std::string& place, const std::string& name, bool signs) {
    if (name.empty()) return;
    attempt(place, [&] {
      if (!keys_.find_message_key(name)->can_sign() && signs) {
        problems_.push_back(place + ": key " + name + " is the public half alone, and has to sign");
      }
    });
  }

 private:
  const crypto::KeyStore& keys_;
  std::vector<std::string>& problems_;
};

}  // namespace

std::vector<std::string> check_use(const Configuration& configuration, const crypto::KeyStore& keys) {
  std::vector<std::string> problems;
  Checking checking(keys, problems);
  if (configuration.tls) checking.attempt("tls", [&] { net::check_tls(*configuration.tls); });
  for (const CardProfile& card : configuration.cards) {
    const std::string place = "cards." + card.name;
    checking.key_set(place + ".keys", card.keys, card.scp->scp, false);
    for (const auto& [scp, name] : card.domain_keys) checking.key_set(place + ".ssd_keys", name, scp, true);
    checking.signing_key(place + ".token_key", card.token_key, crypto::SigningUse::token);
    checking.signing_key(place + ".receipt_key", card.card_receipt_key, crypto::SigningUse::receipt);
  }
  for (const Tenant& tenant : configuration.tenants) {
    const std::string place = "tenants." + tenant.id;
    if (!tenant.transport_key.empty()) checking.transport_key(place, tenant);
    checking.message_key(place + ".message_key", tenant.message_key, true);
    checking.message_key(place + ".receipt_key", tenant.receipt_key, false);
  }
  return problems;
}

class Service::Impl {
 public:
  Impl(const Configuration& configuration, std::shared_ptr<const crypto::KeyStore> keys)
      : configuration_(configuration),
        keys_(std::move(keys)),
        faults_(configuration_.faults),
        desk_({configuration_, keys_, now, [this] { pusher_.wake(); }}, faults_),
        pusher_(configuration_, *keys_, desk_, faults_, now),
        door_(configuration_, desk_, faults_, *keys_, now),
        admin_(configuration_, desk_, faults_) {
    server_ = std::make_unique<net::HttpServer>(setup(
        configuration_.listen, configuration_.tls,
        [this](net::ServerRequest request, net::Reply reply) { door_.handle(std::move(request), std::move(reply)); }));
    if (!configuration_.admin.empty()) {
      admin_server_ = std::make_unique<net::HttpServer>(
          setup("unix:" + configuration_.admin.string(), {}, [this](net::ServerRequest request, net::Reply reply) {
            admin_.handle(std::move(request), std::move(reply));
          }));
    }
    pusher_.start();
  }
  ~Impl() {
    pusher_.stop();
    if (admin_server_) admin_server_->drain(kPatience);
    server_->drain(kPatience);
  }

  const std::string& address() const { return server_->address(); }
  void reload_tls() {
    if (configuration_.tls) server_->reload(*configuration_.tls);
  }

 private:
  const Configuration configuration_;
  const std::shared_ptr<const crypto::KeyStore> keys_;
  Faults faults_;
  Desk desk_;
  Pusher pusher_;
  Door door_;
  Admin admin_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpServer> admin_server_;
};

Service::Service(const Configuration& configuration, std::shared_ptr<const crypto::KeyStore> keys)
    : impl_(std::make_unique<Impl>(configuration, std::move(keys))) {}

Service::~Service() = default;

const std::string& Service::address() const { return impl_->address(); }

void Service::reload_tls() { impl_->reload_tls(); }

}  // namespace cw::issuer
