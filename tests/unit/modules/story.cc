#include "story.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/hex.h"
#include "modules/modules.h"

namespace cw::modules::test {

namespace {

const char* const kPrelude =
    "local apdu, cap_, clock, hex = require 'apdu', require 'cap', require 'clock', require 'hex' "
    "local http, json, keys, log = require 'http', require 'json', require 'keys', require 'log' "
    "local random, tlv = require 'random', require 'tlv' "
    "return function(card, holder, cap)\n";

}  // namespace

Bytes RecordedOutside::random(size_t count) {
  if (draws.empty()) throw Error(ErrorKind::internal, "the story has no random bytes left");
  Bytes drawn = std::move(draws.front());
  draws.pop_front();
  EXPECT_EQ(drawn.size(), count);
  return drawn;
}

host::KeyInfo RecordedOutside::key_info(const std::string& set) {
  const auto found = keys.find(set);
  if (found == keys.end()) throw Error(ErrorKind::usage, "there is no key set \"" + set + "\"");
  return found->second;
}

bool RecordedOutside::verifies(const std::string& key, ByteView /*message*/, ByteView /*signature*/) {
  key_info(key);
  return signatures_are_right;
}

host::KeyInfo RecordedOutside::unwrap(const host::WrappedKeys& wrapped) {
  key_info(wrapped.under);
  unwrapped.push_back(wrapped);
  return {wrapped.type, 16, wrapped.version, {wrapped.kcvs.begin(), wrapped.kcvs.end()}};
}

std::optional<std::string> Story::play(const std::string& body, std::optional<Error>& error) {
  Context context(outside);
  lua::State::Setup setup;
  setup.limits = limits;
  setup.modules = &modules();
  setup.host = &context;
  lua::State state(setup);
  state.load(lua::compile("story.lua", kPrelude + body + "\nend"), limits);

  lua_State* L = state.thread();
  push_card(L, "sim:generic", Bytes{0x3B, 0x00});
  push_secret(L, "holder", 12);
  const std::string name = std::filesystem::path(cap).filename().string();
  const auto parsed = std::make_shared<const gp::CapFile>(gp::CapFile::parse(source_file(cap), name));
  push_cap(L, load_file_of(*parsed, name), parsed);

  lua::State::Outcome outcome = state.start(3);
  while (outcome == lua::State::Outcome::waiting) {
    if (outside.replies.empty()) throw Error(ErrorKind::internal, "the story has no reply left");
    host::Reply reply = std::move(outside.replies.front());
    outside.replies.pop_front();
    outcome = state.resume([&](lua_State* thread) { return context.reply(thread, reply); });
  }
  if (outcome == lua::State::Outcome::failed) {
    error = state.error();
    return {};
  }
  lua_State* done = state.thread();
  if (lua_gettop(done) == 0 || lua_isnil(done, -1)) return "nil";
  if (lua_isboolean(done, -1)) return lua_toboolean(done, -1) ? "true" : "false";
  size_t size = 0;
  const char* text = lua_tolstring(done, -1, &size);
  return text ? std::string(text, size) : std::string(lua_typename(done, lua_type(done, -1)));
}

std::string Story::run(const std::string& body) {
  std::optional<Error> error;
  const auto result = play(body, error);
  if (error) ADD_FAILURE() << body << "\nfailed: " << error->what();
  return result.value_or("(failed)");
}

Error Story::fail(const std::string& body) {
  std::optional<Error> error;
  const auto result = play(body, error);
  if (!error) ADD_FAILURE() << body << "\nwas to fail, and gave: " << *result;
  if (!error) return Error(ErrorKind::internal, "no error");
  // The place in the script is the business of lua/.
  const std::string place = "story.lua:2: ";
  const std::string& message = error->message();
  return Error(error->kind(), message.substr(message.rfind(place, 0) == 0 ? place.size() : 0), error->sw());
}

void Story::answer(const std::string& data_hex, uint16_t sw) {
  reply(host::Answers{{host::Answer{from_hex(data_hex), sw}}});
}

void Story::opened(host::ChannelId channel, uint8_t level, uint8_t scp) {
  reply(
      host::ChannelOpened{channel, scp, 0x70, level, 0x30, from_hex("00010203040506070809"), from_hex("00002A"), 239});
}

Bytes source_file(const std::string& path) { return read_file(std::string(CW_SOURCE_DIR) + "/" + path); }

}  // namespace cw::modules::test
