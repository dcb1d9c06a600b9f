// Runs for devices that call: what a ticket is for, made of the store, the keys and the scripts of this process.
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/batch_courier.h"
#include "app/bundle_source.h"
#include "crypto/key_store.h"
#include "engine/bundle.h"
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

  std::shared_ptr<store::Store> store_;
  std::shared_ptr<BundleInUse> bundle_;
  std::shared_ptr<const crypto::KeyStore> keys_;
  std::optional<std::string> key_file_{};
  mutable std::mutex mutex_{};
  mutable std::unique_ptr<BatchCourier> courier_{};  // brings what runs handed over to its backends
};

/// A ticket for one run of that flow, begun no later than `lifetime` from now. Checks flow and arguments as a run does.
/// Written to the audit. Raises usage, store.
std::string issue_ticket(store::Store& store, const engine::Bundle& bundle, const std::string& flow,
                         const std::vector<std::string>& settings, const std::string& flavor,
                         std::chrono::milliseconds lifetime);

}  // namespace cw::app
