// The sandbox of one spec: the one that flows have, with no card behind it. Time stands still, random numbers count up.
#pragma once

#include <string>
#include <vector>

#include "engine/bundle.h"
#include "engine/domain_ledger.h"
#include "host/outside.h"
#include "lua/state.h"
#include "modules/context.h"

namespace cw::app {

class SpecState : private host::Outside {
 public:
  /// Loads the file: its result must be a table. `bundle` and `chunk` must outlive this. Raises script, budget.
  SpecState(const engine::Bundle& bundle, const lua::Chunk& chunk);

  /// The names in its table, sorted.
  std::vector<std::string> names();
  /// Calls that function. Raises what it raises.
  void run(const std::string& name);

 private:
  void submit(host::Request) override {}
  int64_t now() override { return 1'767'225'600'000; }
  Bytes random(size_t count) override;
  host::KeyInfo key_info(const std::string& set) override;
  bool verifies(const std::string& key, ByteView message, ByteView signature) override;
  Bytes sign(const std::string& key, ByteView message) override;
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override {
    return domains_(put);
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override;
  void note(host::Note) override {}

  modules::Context context_{*this};
  lua::State state_;
  uint8_t next_random_ = 0;
  engine::RunDomains domains_{};
};

}  // namespace cw::app
