// An Outside around another one, to build on: hands everything on.
//
// Owner: one attempt. One thread.
#pragma once

#include <memory>
#include <utility>

#include "engine/run_outside.h"

namespace cw::engine {

class ForwardingOutside : public RunOutside {
 public:
  explicit ForwardingOutside(std::unique_ptr<RunOutside> inner) : inner_(std::move(inner)) {}

  Bytes reset() override { return inner_->reset(); }
  void submit(host::Request request) override { inner_->submit(std::move(request)); }
  const host::Request& request() const override { return inner_->request(); }
  const Order* order() override { return inner_->order(); }
  void answered(const Report& report) override { inner_->answered(report); }
  host::Reply carry_out() override { return inner_->carry_out(); }
  bool waits_by_clock() const override { return inner_->waits_by_clock(); }
  int64_t now() override { return inner_->now(); }
  Bytes random(size_t count) override { return inner_->random(count); }
  host::KeyInfo key_info(const std::string& set) override { return inner_->key_info(set); }
  bool verifies(const std::string& key, ByteView message, ByteView signature) override {
    return inner_->verifies(key, message, signature);
  }
  Bytes sign(const std::string& key, ByteView message) override { return inner_->sign(key, message); }
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override {
    return inner_->domains(put);
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override { return inner_->unwrap(keys); }
  void note(host::Note note) override { inner_->note(std::move(note)); }
  const Error* difference() const override { return inner_->difference(); }
  void check_end() override { inner_->check_end(); }

 protected:
  std::unique_ptr<RunOutside> inner_;
};

}  // namespace cw::engine
