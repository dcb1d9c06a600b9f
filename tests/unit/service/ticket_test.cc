// Tickets: whoever does not have the store's key can neither make, read nor change one.
#include "service/ticket.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::service {
namespace {

Ticket ticket() {
  return {"0123456789abcdefghjk",
          "demo/install",
          {"cap=/srv/a.cap", "pin=@/srv/pin"},
          {{"cap", "cap"}, {"pin", "secret"}},
          "jcop4",
          "CPLC-0011",
          "acme",
          99};
}

bool opens(const crypto::SealingKey& key, const std::string& text) {
  try {
    open_ticket(key, text);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return false;
  }
}

TEST(Ticket, says_what_was_put_into_it) {
  const auto key = crypto::SealingKey::random();
  EXPECT_EQ(open_ticket(key, seal_ticket(key, ticket())), ticket());
}

TEST(Ticket, shows_nothing_and_is_another_each_time) {
  const auto key = crypto::SealingKey::random();
  const std::string text = seal_ticket(key, ticket());
  EXPECT_EQ(text.find_first_not_of("0123456789ABCDEF"), std::string::npos);
  EXPECT_EQ(text_view(from_hex(text)).find("srv"), std::string_view::npos);
  EXPECT_NE(text, seal_ticket(key, ticket()));
}

TEST(Ticket, with_one_digit_changed_opens_nothing) {
  const auto key = crypto::SealingKey::random();
  const std::string text = seal_ticket(key, ticket());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '7' ? '8' : '7';
    EXPECT_FALSE(opens(key, changed)) << i;
  }
  for (size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(opens(key, text.substr(0, size)));
  EXPECT_FALSE(opens(key, text + "00"));
  EXPECT_FALSE(opens(key, "no hex digits"));
  EXPECT_FALSE(opens(crypto::SealingKey::random(), text)) << "another store's";
}

TEST(Ticket, that_would_be_too_long_is_not_made) {
  Ticket big = ticket();
  big.settings.push_back("number=" + std::string(kMaxTicket, '1'));
  EXPECT_THROW(seal_ticket(crypto::SealingKey::random(), big), Error);
  EXPECT_FALSE(opens(crypto::SealingKey::random(), std::string(10u << 20, 'A')));
}

}  // namespace
}  // namespace cw::service
