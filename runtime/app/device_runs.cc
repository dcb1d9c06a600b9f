#include "app/device_runs.h"

#include <algorithm>
#include <cstdlib>

#include "app/backends.h"
#include "app/cards.h"
#include "app/durable_run.h"
#include "app/envelopes.h"
#include "app/failure.h"
#include "app/key_source.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "engine/card_identity.h"
#include "service/ticket.h"

namespace cw::app {

namespace {

const se::Flavor& flavor_named(const std::string& name) { return se::flavor(name.empty() ? "generic" : name); }

class StoredDeviceRun : public service::DeviceRun {
 public:
  StoredDeviceRun(std::unique_ptr<DurableRun> durable, engine::RunSetup&& setup, BatchCourier& courier, bool taken_up)
      : durable_(std::move(durable)), courier_(courier), taken_up_(taken_up) {
    setup.http = Backends::configured().transport();
    durable_->join(setup);
    const auto refused = failure_of([&] { run_ = std::make_unique<engine::Run>(std::move(setup)); });
    if (!refused) return;
    if (taken_up) {  // it is left as it stands: keys that are gone may come back
      throw Error(ErrorKind::store, "cannot go on with run " + durable_->id() + ": " + refused->message());
    }
    durable_->refused(*refused);
    throw *refused;
  }
  ~StoredDeviceRun() override { courier_.ended(durable_->id()); }
  StoredDeviceRun(const StoredDeviceRun&) = delete;
  StoredDeviceRun& operator=(const StoredDeviceRun&) = delete;

  engine::Run& run() override { return *run_; }
  const std::string& id() const override { return durable_->id(); }
  bool taken_up() const override { return taken_up_; }
  size_t orders() const override { return durable_->journal().orders(); }
  bool reported() const override { return durable_->journal().reported(); }
  std::string kept() const override { return durable_->journal().session(); }
  void keep(const std::string& text) override { durable_->journal().keep_session(text); }

 private:
  std::unique_ptr<DurableRun> durable_;
  BatchCourier& courier_;
  const bool taken_up_;
  std::unique_ptr<engine::Run> run_{};
};

std::vector<engine::Setting> settings_of(const std::vector<std::string>& texts) {
  std::vector<engine::Setting> out;
  for (const std::string& text : texts) out.push_back(engine::Setting::parse(text));
  return out;
}

/// A card of nobody, where the policy in use lets the owner have such cards, or is asked later (null); else its own. Of
/// the operator's, any that is not an owner's of whom nothing is managed. Raises usage, policy.
void want_own_card(store::Store& store, const std::string& owner, const std::string& card,
                   const engine::Policy* policy = nullptr) {
  if (card.empty()) return;
  const std::string has = store.owners().owner_of(card);
  if (owner.empty()) return store.providers().want_managed(has);
  if (has == owner || (has.empty() && (policy == nullptr || policy->grant(owner).unowned_cards))) return;
  throw Error(ErrorKind::usage, "card " + card + " is not " + owner + "'s; cardwright card list shows whose cards are");
}

/// Raises usage: the setting is the name of a file.
void want_no_file(const engine::Flow& flow, const std::string& text) {
  const std::string name = text.substr(0, text.find('='));
  const size_t mark = text.find('=');
  bool names_file = mark != std::string::npos && text.compare(mark + 1, 1, "@") == 0;
  for (const engine::ArgumentSpec& spec : flow.args) {
    const bool of_file = spec.type == engine::ArgumentType::cap || spec.type == engine::ArgumentType::secret;
    if (spec.name == name && of_file) names_file = true;
  }
  if (!names_file) return;
  throw Error(ErrorKind::usage, "argument " + name +
                                    " of the ticket would name a file of the service's host, which is the operator's; "
                                    "ask the operator for a ticket with it");
}

std::map<std::string, std::string> types_of(const engine::Flow& flow, const std::vector<std::string>& settings) {
  std::map<std::string, std::string> out;
  for (const engine::ArgumentSpec& spec : flow.args) {
    const bool is_set = std::any_of(settings.begin(), settings.end(), [&](const std::string& text) {
      return text.substr(0, text.find('=')) == spec.name;
    });
    if (is_set) out[spec.name] = name_of(spec.type);
  }
  return out;
}

/// What was a secret when the ticket was given is not read as a text that anybody sees, nor a text as a file's name.
/// Raises usage.
void want_types_of(const engine::Flow& flow, const service::Ticket& ticket) {
  if (ticket.types.empty() || types_of(flow, ticket.settings) == ticket.types) return;
  throw Error(ErrorKind::usage, "flow " + ticket.flow +
                                    " takes other arguments than when its ticket was given; ask whoever gave it for a "
                                    "new one");
}

/// What names a file names it from anywhere.
std::string from_anywhere(const engine::Flow& flow, const std::string& text) {
  const size_t mark = text.find('=');
  const std::string name = text.substr(0, mark);
  std::string value = text.substr(mark + 1);
  if (value.starts_with('@')) return name + "=@" + std::filesystem::absolute(value.substr(1)).string();
  for (const engine::ArgumentSpec& spec : flow.args) {
    if (spec.name == name && spec.type == engine::ArgumentType::cap) value = std::filesystem::absolute(value).string();
  }
  return name + "=" + value;
}

}  // namespace

DeviceRuns::DeviceRuns(std::shared_ptr<store::Store> store, const std::optional<std::filesystem::path>& keys,
                       const Signers& signers)
    : store_(std::move(store)),
      signers_(signers),
      keys_(open_keys(keys, std::getenv("CARDWRIGHT_KEYS"), nullptr).store) {
  if (keys) key_file_ = std::filesystem::absolute(*keys).string();
}

/// From the first run on: a process that forks later has no thread of it.
BatchCourier& DeviceRuns::courier() const {
  const std::lock_guard lock(mutex_);
  if (!courier_) courier_ = std::make_unique<BatchCourier>(store_);
  return *courier_;
}

std::shared_ptr<BundleInUse> DeviceRuns::bundle_of(const std::string& owner) const {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<BundleInUse>& one = bundles_[owner];
  if (!one) one = std::make_shared<BundleInUse>(store_, signers_, owner);
  return one;
}

std::unique_ptr<DurableRun> DeviceRuns::begin(engine::RunSetup& setup, const journal::Origin& origin,
                                              journal::RunAhead ahead,
                                              const std::shared_ptr<BundleInUse>& bundles) const {
  constexpr size_t kMost = 100'000;  // of which it is remembered
  {
    const std::lock_guard lock(mutex_);
    ahead.refused_before = full_.count(ahead.id) > 0;
  }
  try {
    return std::make_unique<DurableRun>(store_, setup, origin, ahead, bundles);
  } catch (const Error& error) {
    const std::lock_guard lock(mutex_);
    if (error.cause() == "quota" && full_.size() < kMost) full_.insert(ahead.id);
    throw;
  }
}

std::unique_ptr<service::DeviceRun> DeviceRuns::open(const std::string& text, engine::Relay relay) const {
  const service::Ticket ticket = service::open_ticket(store_->key(), text);
  const auto begun = store_->runs().state_of(ticket.run);
  if (begun && store::is_over(*begun)) {
    throw Error(ErrorKind::usage,
                "the ticket was for run " + ticket.run + ", which is over (" + std::string(name_of(*begun)) + ")");
  }
  if (begun == store::RunState::stuck) {
    throw Error(ErrorKind::usage, "run " + ticket.run +
                                      " has used its attempts up and waits for an operator; a ticket does not let it "
                                      "go on");
  }
  if (begun) {
    journal::StoreJournal::TakenUp taken = journal::StoreJournal::take_up(
        store_, ticket.run, [](std::chrono::milliseconds) { return false; }, kDeviceCard, &shelf_);
    taken.setup.keys = keys_;
    caps_.share(taken.setup.arguments);
    taken.setup.device = engine::Device{kDeviceCard, relay, ticket.card};
    return std::make_unique<StoredDeviceRun>(std::make_unique<DurableRun>(store_, std::move(taken.journal)),
                                             std::move(taken.setup), courier(), true);
  }
  if (ticket.expires < now_ms()) {
    throw Error(ErrorKind::usage, "the ticket expired before its run began; ask whoever gave it for a new one");
  }
  const se::Flavor& flavor = flavor_named(ticket.flavor);
  engine::RunSetup setup;
  const std::shared_ptr<BundleInUse> bundles = bundle_of(ticket.owner);
  setup.bundle = bundles->now();
  setup.owner = ticket.owner;
  const PolicyChoice choice = choose_policy({}, store_.get(), *setup.bundle);
  want_own_card(*store_, ticket.owner, ticket.card, choice.policy.get());
  setup.flow_name = ticket.flow;
  setup.policy = choice.policy;
  setup.flow = std::make_shared<const engine::Flow>(engine::check_flow(*setup.bundle, ticket.flow));  // once for all
  want_types_of(*setup.flow, ticket);
  std::vector<engine::Setting> settings = settings_of(ticket.settings);
  Envelopes::configured().open(*setup.flow, settings, ticket.owner, store_.get());
  setup.arguments = engine::Arguments::check(*setup.flow, std::move(settings));
  caps_.share(setup.arguments);
  setup.keys = keys_;
  setup.device = engine::Device{kDeviceCard, relay, ticket.card};
  setup.flavor = OpenCard::host_side(flavor);
  setup.card_counter = counter_of(flavor);
  const journal::Origin origin{kDeviceCard, flavor.name, key_file_, {}, false, {}};
  auto durable = begin(setup, origin, journal::RunAhead{ticket.run, ticket.card, choice.is, {}}, bundles);
  return std::make_unique<StoredDeviceRun>(std::move(durable), std::move(setup), courier(), false);
}

std::string issue_ticket(store::Store& store, const engine::Bundle& bundle, const TicketFor& wanted) {
  store.providers().want_managed(wanted.owner);
  const engine::Flow checked = engine::check_flow(bundle, wanted.flow);
  for (const std::string& text : wanted.settings) {
    if (wanted.no_files) want_no_file(checked, text);
  }
  std::vector<engine::Setting> settings = settings_of(wanted.settings);
  Envelopes::configured().open(checked, settings, wanted.owner, nullptr);
  engine::Arguments::check(checked, std::move(settings));
  service::Ticket ticket;
  ticket.run = store::new_run_id();
  ticket.flow = wanted.flow;
  for (const std::string& text : wanted.settings) ticket.settings.push_back(from_anywhere(checked, text));
  ticket.types = types_of(checked, wanted.settings);
  ticket.flavor = flavor_named(wanted.flavor).name;
  ticket.card = wanted.card;
  ticket.owner = wanted.owner;
  if (!ticket.card.empty() && !engine::is_told_identity(ticket.card)) {
    throw Error(ErrorKind::usage, "a ticket for card '" + ticket.card +
                                      "': that is no identity of a card; they read like CPLC-..., as "
                                      "`cardwright runs show` prints them");
  }
  want_own_card(store, wanted.owner, wanted.card,
                wanted.no_files ? choose_policy({}, &store, bundle).policy.get() : nullptr);
  ticket.expires = now_ms() + wanted.lifetime.count();
  const std::string out = service::seal_ticket(store.key(), ticket);
  store::AuditEntry entry{wanted.by.empty() ? operator_name() : wanted.by,
                          "ticket issued",
                          ticket.run,
                          {{"flow", wanted.flow}, {"expires", std::to_string(ticket.expires)}}};
  if (!ticket.card.empty()) entry.details.emplace_back("card", ticket.card);
  if (!ticket.owner.empty()) entry.details.emplace_back("owner", ticket.owner);
  store.audit().add(entry);
  return out;
}

}  // namespace cw::app
