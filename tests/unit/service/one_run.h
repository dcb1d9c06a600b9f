// A device's run that no store keeps.
//
// Owner: a session.
#pragma once

#include <string>
#include <utility>

#include "service/device_run.h"

namespace cw::service {

class OneRun : public DeviceRun {
 public:
  OneRun(engine::RunSetup setup, std::string id) : run_(std::move(setup)), id_(std::move(id)) {}
  engine::Run& run() override { return run_; }
  const std::string& id() const override { return id_; }
  bool taken_up() const override { return false; }

 private:
  engine::Run run_;
  std::string id_;
};

}  // namespace cw::service
