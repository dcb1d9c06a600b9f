#include "app/desk_place.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "app/operator_name.h"
#include "app/store_desk.h"
#include "base/error.h"

namespace cw::app {

namespace {

std::shared_ptr<store::Store> open_store(const StorePlace& place, Wants wants) {
  if (wants == Wants::read) return place.open_to_read();
  if (wants == Wants::change) return place.open_to_change();
  std::shared_ptr<store::Store> made = place.open();
  if (!made) throw Error(ErrorKind::usage, "the store is switched off by 'none'; name one with --store");
  return made;
}

/// The command, about this owner's things where it can be.
service::OperatorCommand of_owner(service::OperatorCommand command, const std::string& owner) {
  const auto& fields = service::route_of(command.ask).fields;
  const bool owned = std::any_of(fields.begin(), fields.end(), [](const service::Field& field) {
    return std::string_view(field.name) == "owner" && field.from == service::Field::From::query;
  });
  if (!owner.empty() && owned) command.words["owner"] = owner;
  return command;
}

/// Another desk, asked about one owner's things.
class OwnersDesk : public service::Desk {
 public:
  OwnersDesk(std::unique_ptr<service::Desk> desk, std::string owner)
      : desk_(std::move(desk)), owner_(std::move(owner)) {}

  nlohmann::ordered_json answer(const service::OperatorCommand& command, const std::string& who) override {
    return desk_->answer(of_owner(command, owner_), who);
  }
  std::vector<service::Readiness> readiness() override { return desk_->readiness(); }
  service::StoreFigures figures() override { return desk_->figures(); }

 private:
  std::unique_ptr<service::Desk> desk_;
  std::string owner_;
};

}  // namespace

void DeskPlace::add_to(CLI::App& command) {
  add_owner_to(command, owner);
  add_store_to(command);
}

void DeskPlace::add_store_to(CLI::App& command) {
  store.add_to(command);
  CLI::Option* url = command.add_option("--service", service.url,
                                        "ask a service instead: http+unix:///path/of/its/socket or https://host:port");
  url->excludes(command.get_option("--store"))->excludes(command.get_option("--store-key"))->type_name("URL");
  command.add_option("--cert", service.certificate, "our certificate for the service (PEM)")
      ->needs(url)
      ->type_name("FILE");
  command.add_option("--key", service.key, "its key (PEM)")->needs(url)->type_name("FILE");
  command.add_option("--ca", service.authority, "who vouches for the service (PEM; default: whom the system trusts)")
      ->needs(url)
      ->type_name("FILE");
  command.add_option("--revoked", service.revoked, "their revocation lists: PEM after PEM, one for each; with --ca")
      ->needs("--ca")
      ->type_name("FILE");
}

void add_owner_to(CLI::App& command, std::string& owner) {
  command.add_option("--owner", owner, "of this issuer or provider alone (default: the operator's own, and all runs)")
      ->type_name("NAME");
}

std::unique_ptr<service::Desk> DeskPlace::desk() const {
  if (is_remote()) return std::make_unique<OwnersDesk>(std::make_unique<RemoteDesk>(service), owner);
  return std::make_unique<OwnersDesk>(
      std::make_unique<StoreDesk>([place = store, kept = std::shared_ptr<store::Store>()](Wants wants) mutable {
        if (!kept) kept = open_store(place, wants);
        return kept;
      }),
      owner);
}

nlohmann::ordered_json DeskPlace::answer(const service::OperatorCommand& command) const {
  const service::OperatorCommand of = of_owner(command, owner);
  if (is_remote()) return RemoteDesk(service).answer(of);
  return StoreDesk([this](Wants wants) { return open_store(store, wants); }).answer(of, operator_name());
}

}  // namespace cw::app
