#include "app/batch_pcsc.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>

#include "app/cards.h"
#include "base/error.h"
#include "card/pcsc.h"
#include "card/pcsc_reader.h"

namespace cw::app {

namespace {

/// So long a stop may go unseen.
constexpr std::chrono::milliseconds kLook{200};

class PcscCards : public batch::CardSource {
 public:
  PcscCards(std::string name, const se::Flavor& flavor) : name_(std::move(name)), flavor_(flavor) { open(); }

  std::string name() const override { return reader_->name(); }

  bool next_card(const std::atomic<bool>& stop) override {
    while (!stop) {
      const card::PcscReaderInfo now = look();
      // pcscd counts, so a card that was changed while nobody looked is seen too.
      if (now.present && now.events != taken_) {
        taken_ = now.events;
        open();
        return true;
      }
      if (now.present) {
        reader_->wait_for_removal(kLook);
      } else {
        reader_->wait_for_card(kLook);
      }
    }
    return false;
  }

  card::Reader& reader() override { return *reader_; }
  engine::Flavor flavor() const override { return OpenCard::host_side(flavor_); }
  engine::CardTraits traits() const override {
    engine::CardTraits traits;
    traits.encrypt_empty_data = flavor_.encrypt_empty_data;
    traits.extended_length = reader_->extended_length();  // known once the card was reset, to read its identity
    return traits;
  }
  engine::CardCounter counter() const override { return counter_of(flavor_); }

 private:
  /// A fresh one for each card: nothing of the card before is left in it.
  void open() {
    card::PcscOptions options;
    options.answer_limit = 2 * std::chrono::seconds(flavor_.longest_answer_s);
    reader_ = std::make_unique<card::PcscReader>(name_, options);
  }

  card::PcscReaderInfo look() const {
    for (card::PcscReaderInfo& info : card::pcsc_readers()) {
      if (info.name == name_) return std::move(info);
    }
    throw Error(ErrorKind::reader, "reader pcsc:" + name_ + " was unplugged; plug it in and start the batch again");
  }

  std::string name_;
  const se::Flavor& flavor_;
  std::unique_ptr<card::PcscReader> reader_;
  std::optional<unsigned> taken_{};  // pcscd's count when the card before was taken
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Both in lower case. Of all characters '*' alone is special: names of readers are full of brackets.
bool matches(std::string_view pattern, std::string_view name) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  name.remove_prefix(star);
  for (pattern.remove_prefix(star + 1);; name.remove_prefix(1)) {
    if (matches(pattern, name)) return true;
    if (name.empty()) return false;
  }
}

}  // namespace

std::vector<std::string> pcsc_readers_like(const std::string& pattern) {
  std::vector<std::string> names;
  for (const card::PcscReaderInfo& info : card::pcsc_readers()) names.push_back(info.name);
  return pcsc_readers_like(pattern, names);
}

std::vector<std::string> pcsc_readers_like(const std::string& pattern, const std::vector<std::string>& names) {
  if (pattern.find('*') == std::string::npos) return {card::find_pcsc_reader(pattern, names)};
  if (names.empty()) {
    throw Error(ErrorKind::reader, "pcscd has no reader; plug one in, and see it with: cardwright readers");
  }
  std::vector<std::string> out;
  std::string all;
  for (const std::string& name : names) {
    if (matches(lower(pattern), lower(name))) out.push_back(name);
    all += (all.empty() ? "" : ", ") + name;
  }
  if (out.empty()) throw Error(ErrorKind::usage, "no reader matches pcsc:" + pattern + "; there is " + all);
  return out;
}

std::unique_ptr<batch::CardSource> pcsc_cards(const std::string& name, const se::Flavor& flavor) {
  return std::make_unique<PcscCards>(name, flavor);
}

}  // namespace cw::app
