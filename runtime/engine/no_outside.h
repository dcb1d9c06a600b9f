// The Outside of a state in which nothing runs: flows and policies are loaded with it. Loading has no side effects, so
// every way out is refused.
#pragma once

#include "host/outside.h"

namespace cw::engine {

class NoOutside : public host::Outside {
 public:
  void submit(host::Request) override { refuse(); }
  int64_t now() override { refuse(); }
  Bytes random(size_t) override { refuse(); }
  host::KeyInfo key_info(const std::string&) override { refuse(); }
  bool verifies(const std::string&, ByteView, ByteView) override { refuse(); }
  Bytes sign(const std::string&, ByteView) override { refuse(); }
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>&) override { refuse(); }
  host::KeyInfo unwrap(const host::WrappedKeys&) override { refuse(); }
  void note(host::Note) override {}

 private:
  [[noreturn]] static void refuse() {
    throw Error(ErrorKind::script,
                "loading a file must have no side effects: use card, keys, clock, random and http "
                "inside the flow's run function");
  }
};

}  // namespace cw::engine
