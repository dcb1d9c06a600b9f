// The card in a virtual reader: vpcd's messages, and a vpcd that the test plays on a socket.
#include <atomic>
#include <future>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host_test.h"
#include "se/vpcd_card.h"

namespace cw::se {
namespace {

constexpr auto kLong = std::chrono::seconds(20);

Bytes message(const std::string& hex) {
  const Bytes bytes = from_hex(hex);
  Bytes out;
  append_be(out, bytes.size(), 2);
  append(out, bytes);
  return out;
}

class Port : public ::testing::Test {
 protected:
  std::string say(const std::string& hex) {
    port.output().clear();
    EXPECT_TRUE(port.take(message(hex)));
    return to_hex(port.output());
  }
  Card card{flavor("generic")};
  unsigned saves = 0;
  VpcdPort port{card, {{}, {}, [this](const Card&) { ++saves; }}};
};

TEST_F(Port, answers_the_atr_without_power_and_apdus_with_it) {
  const std::string atr = to_hex(message(to_hex(card.flavor().atr)));
  EXPECT_FALSE(port.noticed());
  EXPECT_EQ(say("04"), atr);
  EXPECT_TRUE(port.noticed());
  EXPECT_FALSE(card.powered());
  EXPECT_EQ(say("01"), "") << "power on is not answered";
  EXPECT_TRUE(card.powered());
  EXPECT_EQ(say("80CA004500"), "000E450A000000000000000000019000");
  EXPECT_EQ(say("04"), atr);
  EXPECT_TRUE(card.powered()) << "the question after the ATR is no reset";
  EXPECT_EQ(say("00"), "");
  EXPECT_FALSE(card.powered());
}

TEST_F(Port, a_reset_forgets_the_session_and_keeps_the_memory) {
  say("01");
  say("00A4040000");
  EXPECT_TRUE(say("8050000008010203040506070800").ends_with("9000"));
  say("02");
  EXPECT_EQ(say("8482010010" + std::string(32, '0')), "00026985") << "INITIALIZE UPDATE was before the reset";
}

TEST_F(Port, messages_may_come_in_pieces_or_several_at_once) {
  Bytes all = message("01");
  append(all, message("80CA004500"));
  append(all, message("04"));
  for (const uint8_t byte : all) EXPECT_TRUE(port.take(ByteView(&byte, 1)));
  const Bytes one_by_one = port.output();
  port.output().clear();
  EXPECT_TRUE(port.take(all));
  EXPECT_EQ(port.output(), one_by_one);
  EXPECT_EQ(one_by_one.size(), 2 + 14 + 2 + card.flavor().atr.size());
}

TEST_F(Port, what_vpcd_never_says_is_left_unanswered) {
  EXPECT_EQ(say(""), "");
  EXPECT_EQ(say("03"), "");
  EXPECT_EQ(say("FF"), "");
  say("01");
  EXPECT_EQ(say("00A4"), "00026700") << "too short for a command";
}

TEST_F(Port, a_command_that_changed_the_memory_is_saved_before_it_is_answered) {
  say("01");
  say("00A4040000");
  say("80CA006600");
  EXPECT_EQ(saves, 0u);
  say("8050000008010203040506070800");
  EXPECT_EQ(saves, 1u);
}

TEST_F(Port, a_card_that_is_torn_or_has_no_power_ends_the_connection) {
  EXPECT_FALSE(port.take(message("00A4040000"))) << "no power";
  VpcdPort again(card, {});
  EXPECT_TRUE(again.take(message("01")));
  card.tear_next(Tear::before);
  EXPECT_FALSE(again.take(message("00A4040000")));
  EXPECT_TRUE(again.output().empty());
}

TEST(Address, is_host_and_port_or_one_of_them) {
  EXPECT_EQ(VpcdAddress::parse("").text(), "localhost:35963");
  EXPECT_EQ(VpcdAddress::parse("35964").text(), "localhost:35964");
  EXPECT_EQ(VpcdAddress::parse("reader").text(), "reader:35963");
  EXPECT_EQ(VpcdAddress::parse("10.0.0.7:1").text(), "10.0.0.7:1");
  EXPECT_EQ(VpcdAddress::parse(":99").text(), "localhost:99");
  for (const char* wrong : {"reader:", "reader:0", "reader:65536", "reader:12x", "99999"}) {
    EXPECT_THROW(VpcdAddress::parse(wrong), Error) << wrong;
  }
}

/// vpcd's side: listens on a port of the system's choice.
class Reader {
 public:
  Reader() : server_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(server_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(server_, 0), 0);
    ::getsockname(server_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Reader() {
    hang_up();
    stop();
  }
  void stop() {
    if (server_ >= 0) ::close(server_);
    server_ = -1;
  }
  VpcdAddress address() const { return {"127.0.0.1", port_}; }
  void accept() { client_ = ::accept(server_, nullptr, nullptr); }
  void hang_up() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
  }
  void tell(const std::string& hex) {
    const Bytes bytes = message(hex);
    EXPECT_EQ(::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  /// The answer; empty: the card is gone.
  std::string ask(const std::string& hex) {
    tell(hex);
    uint8_t length[2];
    if (::recv(client_, length, 2, MSG_WAITALL) != 2) return "";
    Bytes answer(read_be(length));
    if (::recv(client_, answer.data(), answer.size(), MSG_WAITALL) != static_cast<ssize_t>(answer.size())) return "";
    return to_hex(answer);
  }
  /// Accepts and asks for the ATR, as pcscd does.
  std::future<std::string> notice() {
    return std::async(std::launch::async, [this] {
      accept();
      return ask("04");
    });
  }

 private:
  int server_;
  int client_ = -1;
  uint16_t port_ = 0;
};

class Inserted : public ::testing::Test {
 protected:
  std::shared_ptr<Card> card = std::make_shared<Card>(flavor("generic"));
  Reader reader{};
};

TEST_F(Inserted, comes_back_when_the_reader_has_noticed_the_card_and_serves_it) {
  VpcdCard served(card, reader.address(), {});
  auto atr = reader.notice();
  served.insert(kLong);
  EXPECT_TRUE(served.inserted());
  EXPECT_EQ(atr.get(), to_hex(card->flavor().atr));
  reader.tell("01");
  EXPECT_TRUE(reader.ask("00A4040000").ends_with("9000"));
  EXPECT_EQ(served.with_card([](Card& one) { return one.powered(); }), true);
  served.remove();
  EXPECT_FALSE(served.inserted());
  EXPECT_FALSE(card->powered());
  EXPECT_FALSE(served.failure());
  EXPECT_EQ(reader.ask("04"), "") << "pulled out";
  reader.hang_up();
  auto again = std::async(std::launch::async, [this] {
    const std::string first = reader.notice().get();
    reader.hang_up();
    return first + "," + reader.notice().get();
  });
  served.insert(kLong);
  EXPECT_EQ(again.get(), "," + to_hex(card->flavor().atr)) << "first the reader sees that there is none";
}

TEST_F(Inserted, nothing_listens_there) {
  reader.stop();
  VpcdCard served(card, reader.address(), {});
  try {
    served.insert(kLong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::reader);
    EXPECT_NE(error.message().find("apt-get install pcscd vsmartcard-vpcd"), std::string::npos) << error.message();
  }
  EXPECT_FALSE(served.inserted());
}

TEST_F(Inserted, a_slot_that_nobody_looks_at_is_taken_by_another_card) {
  VpcdCard served(card, reader.address(), {});
  try {
    served.insert(std::chrono::milliseconds(50));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("another card"), std::string::npos) << error.message();
  }
}

TEST_F(Inserted, no_such_host) {
  VpcdCard served(card, {"no such host", 1}, {});
  EXPECT_THROW(served.insert(kLong), Error);
}

TEST_F(Inserted, a_torn_card_goes_and_comes_again_with_its_ram_lost) {
  VpcdCard served(card, reader.address(), {});
  auto noticed = reader.notice();
  served.insert(kLong);
  noticed.get();
  reader.tell("01");
  served.with_card([](Card& one) { one.tear_next(Tear::after); });
  EXPECT_EQ(reader.ask("8050000008010203040506070800"), "");
  reader.hang_up();
  EXPECT_EQ(reader.notice().get(), "") << "the reader sees that it is gone";
  reader.hang_up();
  EXPECT_EQ(reader.notice().get(), to_hex(card->flavor().atr));
  reader.tell("01");
  EXPECT_EQ(reader.ask("8482010010" + std::string(32, '0')), "6985");
}

TEST_F(Inserted, when_vpcd_goes_away_that_is_a_failure_and_no_signal) {
  VpcdCard served(card, reader.address(), {});
  auto noticed = reader.notice();
  served.insert(kLong);
  noticed.get();
  reader.hang_up();
  served.wait_for_failure(kLong);
  ASSERT_TRUE(served.failure());
  EXPECT_FALSE(served.inserted());
}

TEST_F(Inserted, a_card_that_waits_for_vpcd_is_inserted_again) {
  std::atomic<int> times = 0;
  VpcdCard::Options options;
  options.waits_for_vpcd = true;
  options.inserted = [&](bool in) { times += in ? 1 : 0; };
  VpcdCard served(card, reader.address(), options);
  auto noticed = reader.notice();
  served.insert(kLong);
  noticed.get();
  reader.hang_up();
  EXPECT_EQ(reader.notice().get(), to_hex(card->flavor().atr));
  reader.tell("01");
  EXPECT_TRUE(reader.ask("00A4040000").ends_with("9000"));
  EXPECT_EQ(times, 2);
}

TEST_F(Inserted, memory_that_cannot_be_saved_is_not_answered_for) {
  VpcdCard::Options options;
  options.hooks.changed = [](const Card&) { throw Error(ErrorKind::usage, "the disk is full"); };
  VpcdCard served(card, reader.address(), options);
  auto noticed = reader.notice();
  served.insert(kLong);
  noticed.get();
  reader.tell("01");
  EXPECT_EQ(reader.ask("8050000008010203040506070800"), "");
  served.wait_for_failure(kLong);
  ASSERT_TRUE(served.failure());
  EXPECT_EQ(served.failure()->message(), "the disk is full");
}

}  // namespace
}  // namespace cw::se
