// Runs for devices that call: what a ticket is for, made of the store, the keys and the scripts of this process.
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/batch_courier.h"
#include "app/bundle_source.h"
#include "app/durable_run.h"
#include "app/shared_caps.h"
#include "crypto/key_store.h"
#include "engine/bundle.h"
#include "journal/shelf.h"
#include "service/device_run.h"
#include "store/store.h"

namespace cw::app {

/// As runs, results and traces name the card that a device brings.
inline constexpr const char* kDeviceCard = "device";

class DeviceRuns {
 public:
  /// `keys`: as --keys has it; absent: CARDWRIGHT_KEYS. Raises usage.
  /// `signers`: no run begins with a bundle that none of theirs has signed.
  DeviceRuns(std::shared_ptr<store::Store> store, const std::optional<std::filesystem::path>& keys,
             const Signers& signers = {});

  /// service::OpenTicket. A run begins under the bundle and the policy that are in use on the store then.
  std::unique_ptr<service::DeviceRun> open(const std::string& ticket, engine::Relay relay) const;

 private:
  BatchCourier& courier() const;
  /// As DurableRun's constructor. The audit says once that there is no room, however often a device asks.
  std::unique_ptr<DurableRun> begin(engine::RunSetup& setup, const journal::Origin& origin, journal::RunAhead ahead,
                                    const std::shared_ptr<BundleInUse>& bundles) const;
  /// What runs of this owner are begun with; empty: the operator.
  std::shared_ptr<BundleInUse> bundle_of(const std::string& owner) const;

  std::shared_ptr<store::Store> store_;
  Signers signers_;
  std::shared_ptr<const crypto::KeyStore> keys_;
  std::optional<std::string> key_file_{};
  mutable SharedCaps caps_{};
  mutable journal::Shelf shelf_{};  // of runs that are taken up
  mutable std::mutex mutex_{};
  mutable std::set<std::string> full_{};                                   // runs that a quota had no room for
  mutable std::map<std::string, std::shared_ptr<BundleInUse>> bundles_{};  // by owner, once they were asked for
  mutable std::unique_ptr<BatchCourier> courier_{};  // brings what runs handed over to its backends
};

/// What a ticket is asked for.
struct TicketFor {
  std::string flow{};
  std::vector<std::string> settings{};  // as --set has them
  std::string flavor{};                 // empty: generic
  std::string card{};                   // its identity, as runs show it; empty: any card
  std::chrono::milliseconds lifetime{};
  std::string owner{};    // whose run it is to be; empty: the operator's own
  std::string by{};       // for the audit; empty: who runs this program
  bool no_files = false;  // who asks may name none of this host
};

/// A ticket for one run, begun no later than `lifetime` from now. Checks flow and arguments as a run does. Written to
/// the audit. Raises usage: also where the card is another owner's; store.
std::string issue_ticket(store::Store& store, const engine::Bundle& bundle, const TicketFor& wanted);

}  // namespace cw::app
