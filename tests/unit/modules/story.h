// A script and the outside it sees: an Outside that answers from a list and remembers what was asked, the part that the
// engine plays otherwise.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "host/outside.h"
#include "lua/state.h"
#include "modules/context.h"

namespace cw::modules::test {

class RecordedOutside : public host::Outside {
 public:
  void submit(host::Request request) override { requests.push_back(std::move(request)); }
  int64_t now() override { return time; }
  Bytes random(size_t count) override;
  host::KeyInfo key_info(const std::string& set) override;
  bool verifies(const std::string& key, ByteView message, ByteView signature) override;
  Bytes sign(const std::string& key, ByteView message) override {
    key_info(key);
    return to_bytes("signed " + to_string(message));
  }
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override {
    if (put) kept.push_back(*put);
    return kept;
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override;
  void note(host::Note note) override { notes.push_back(std::move(note)); }

  std::vector<host::Request> requests{};
  std::deque<host::Reply> replies{};
  std::vector<host::Note> notes{};
  std::vector<host::DomainRecord> kept{};
  int64_t time = 1'700'000'000'123;
  std::deque<Bytes> draws{};  // what random() gives, in order
  std::map<std::string, host::KeyInfo> keys{};
  bool signatures_are_right = true;
  std::vector<host::WrappedKeys> unwrapped{};  // what was asked for
};

class Story {
 public:
  /// Runs `body` as a function of `card`, `holder` (a Secret of 12 bytes) and `cap` (a Cap), with every module
  /// as a local of its name. Gives what it returns as text.
  std::string run(const std::string& body);
  /// The same for a body that is to fail: the error that ends it.
  Error fail(const std::string& body);

  /// The card's next answer.
  void answer(const std::string& data_hex, uint16_t sw = 0x9000);
  void opened(host::ChannelId channel, uint8_t level = 0x03, uint8_t scp = 3);
  template <class Reply>
  void reply(Reply reply) {
    outside.replies.emplace_back(std::move(reply));
  }
  /// Request number `index`, which has to be of this kind.
  template <class Request>
  const Request& request(size_t index) const {
    return std::get<Request>(outside.requests.at(index));
  }

  RecordedOutside outside{};
  lua::Limits limits{};
  std::string cap = "tests/caps/wallet-1.0.cap";

 private:
  /// Finished: the text. Failed: nothing, and `error` says why.
  std::optional<std::string> play(const std::string& body, std::optional<Error>& error);
};

/// A file of the source tree.
Bytes source_file(const std::string& path);

}  // namespace cw::modules::test
