#include "journal/courier.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/error.h"
#include "journal/parcel.h"
#include "journal/store_journal.h"

namespace cw::journal {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{1'000};
constexpr milliseconds kLongest{3'600'000};

/// Seconds, or a date in GMT; absent: neither.
std::optional<milliseconds> asked_pause(const std::string& retry_after, int64_t now) {
  int64_t seconds = 0;
  const char* end = retry_after.data() + retry_after.size();
  const auto read = std::from_chars(retry_after.data(), end, seconds);
  if (read.ptr == end && read.ec == std::errc::result_out_of_range) return kLongest;
  if (read.ptr == end && read.ec == std::errc()) return milliseconds(1'000 * std::clamp<int64_t>(seconds, 0, 3'600));
  std::tm date{};
  const char* rest = ::strptime(retry_after.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return {};
  return milliseconds(1'000 * int64_t{::timegm(&date)} - now);
}

std::optional<std::string> header_of(const host::HttpReply& reply, std::string_view wanted) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  for (const auto& [name, value] : reply.headers) {
    if (std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(), same)) return value;
  }
  return {};
}

/// Request timeout, too early, too many requests: 4xx that say "not now".
bool is_final(int status) { return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429; }

}  // namespace

milliseconds pause_after(int64_t tries, uint32_t chance, const std::optional<std::string>& retry_after, int64_t now) {
  if (retry_after) {
    if (const auto asked = asked_pause(*retry_after, now)) return std::clamp(*asked, kShortest, kLongest);
  }
  constexpr int64_t kDoublings = 12;  // 2^12 seconds are more than an hour
  const milliseconds whole = std::min(kLongest, kShortest * (int64_t{1} << std::clamp<int64_t>(tries, 1, kDoublings)));
  return whole / 2 + milliseconds(chance % static_cast<uint32_t>(whole.count() / 2));
}

std::optional<Courier::Outcome> Courier::deliver_one(const std::string& run) {
  store::Outbox& outbox = setup_.store->outbox();
  const auto hold = std::chrono::duration_cast<milliseconds>(kHold);
  std::optional<store::Parcel> parcel = outbox.take(setup_.inputs.now(), hold.count(), run);
  if (!parcel) return {};
  host::HttpCall call;
  try {
    const bool of_run = !parcel->run.empty();
    call = open_parcel(of_run ? open_run_key(*setup_.store, parcel->run) : setup_.store->key().clone(), *parcel);
  } catch (const Error& error) {
    // Its run was forgotten; else the store may be away, and then says so again.
    if (error.kind() == ErrorKind::usage) return give_up(std::move(*parcel), error.message());
    return try_again(std::move(*parcel), error.message(), {});
  }
  host::HttpReply reply;
  try {
    reply = setup_.http(call);
  } catch (const Error& error) {
    // What is no request today is none tomorrow.
    if (error.kind() == ErrorKind::usage) return give_up(std::move(*parcel), error.message());
    return try_again(std::move(*parcel), error.message(), {});
  }
  if (reply.status >= 200 && reply.status < 300) {
    outbox.delivered(parcel->key);
    return Outcome{Outcome::What::delivered, std::move(*parcel)};
  }
  const std::string error = "status " + std::to_string(reply.status);
  if (is_final(reply.status)) return give_up(std::move(*parcel), error);
  return try_again(std::move(*parcel), error, header_of(reply, "retry-after"));
}

Courier::Outcome Courier::try_again(store::Parcel parcel, const std::string& error,
                                    const std::optional<std::string>& retry_after) {
  const int64_t now = setup_.inputs.now();
  const auto chance = static_cast<uint32_t>(read_be(setup_.inputs.random(4)));
  parcel.due = now + pause_after(parcel.tries, chance, retry_after, now).count();
  parcel.error = error;
  setup_.store->outbox().failed(parcel.key, parcel.due, error, false);
  return {Outcome::What::again, std::move(parcel)};
}

Courier::Outcome Courier::give_up(store::Parcel parcel, const std::string& error) {
  parcel.error = error;
  parcel.given_up = true;
  setup_.store->outbox().failed(parcel.key, parcel.due, error, true);
  setup_.store->audit().add(
      {setup_.actor, "parcel given up", parcel.key, {{"run", parcel.run}, {"name", parcel.name}, {"url", parcel.url}}});
  return {Outcome::What::given_up, std::move(parcel)};
}

}  // namespace cw::journal
