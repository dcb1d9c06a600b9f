#include "app/top_view.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "app/json_text.h"
#include "app/moment.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

constexpr size_t kNear = 5;  // budgets that are told one by one

int64_t number_in(const ordered_json& value, const char* name) { return value.at(name).get<int64_t>(); }

std::string age(int64_t ms) {
  const int64_t s = std::max<int64_t>(0, ms / 1000);
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return std::to_string(s / 60) + " min";
  if (s < 48 * 3600) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86400) + " d";
}

std::string per_minute(double rate) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), rate < 10 ? "%.1f" : "%.0f", rate);
  return text.data();
}

int64_t over(const ordered_json& runs) {
  return number_in(runs, "done") + number_in(runs, "failed") + number_in(runs, "stopped");
}

/// Lines that fit.
class Page {
 public:
  Page(const Terminal& terminal, size_t height) : terminal_(terminal), height_(height) {}

  /// `shown` is what `text` is without colours.
  void line(const std::string& text) {
    if (full()) return;
    text_ += std::string(terminal_.width > 0 ? head_of(text, terminal_.width) : text) + "\n";
    ++lines_;
  }
  void painted(Terminal::Colour colour, const std::string& text) {
    if (full()) return;
    text_ += terminal_.paint(colour, terminal_.width > 0 ? head_of(text, terminal_.width) : text) + "\n";
    ++lines_;
  }
  bool full() const { return height_ > 0 && lines_ >= height_; }
  std::string take() { return std::move(text_); }

 private:
  const Terminal& terminal_;
  const size_t height_;
  size_t lines_ = 0;
  std::string text_{};
};

std::string counts_of(const ordered_json& runs, const std::optional<TopRates>& rates) {
  std::string out = "runs    ";
  for (const char* state : {"running", "waiting", "stuck", "done", "failed", "stopped"}) {
    out += " " + std::to_string(number_in(runs, state)) + " " + state + ",";
  }
  out.pop_back();
  if (rates) out += "; per minute " + per_minute(rates->begun) + " begun, " + per_minute(rates->ended) + " ended";
  return out;
}

std::string use_of(const ordered_json& use, int64_t now, const char* otherwise) {
  if (!use.is_object()) return otherwise;
  const std::string reason = text_in(use, "reason");
  return printable(text_in(use, "name") + " " + text_in(use, "hash").substr(0, 12) + ", for " +
                   age(now - number_in(use, "since")) + ", by " + text_in(use, "by") +
                   (reason.empty() ? "" : ": " + reason));
}

std::string workers_of(const ordered_json& health) {
  std::string out;
  for (const ordered_json& worker : health.at("workers")) {
    out += (out.empty() ? "" : ", ") + text_in(worker, "name") + " " + text_in(worker, "state");
    if (number_in(worker, "starts") > 1) out += " (" + std::to_string(number_in(worker, "starts")) + " starts)";
  }
  return printable(out);
}

std::string budgets_of(const ordered_json& near) {
  if (near.empty()) return "none is near its end";
  std::string out = std::to_string(near.size()) + " near their end: ";
  for (size_t i = 0; i < std::min(near.size(), kNear); ++i) {
    const ordered_json& row = near[i];
    out += (i == 0 ? "" : "; ") + text_in(row, "card") + " " + text_in(row, "domain") + " " + text_in(row, "version") +
           ", " + std::to_string(number_in(row, "refused")) + " refused, " + std::to_string(number_in(row, "lost")) +
           " without an answer";
  }
  return printable(near.size() > kNear ? out + "; ..." : out);
}

/// What a run does now: its step, or what it waits for.
std::string now_of(const ordered_json& run, int64_t now) {
  const std::string state = text_in(run, "state");
  if (state == "failed") return text_in(run, "error");
  std::string out = text_in(run, "step");
  if (!out.empty()) out = "after " + out;
  if (state != "waiting") return out;
  const int64_t wake = number_in(run, "wake");
  out += out.empty() ? "waits " : ", waits ";
  return out + (wake == 0 ? "for an event" : age(wake - now));
}

using Row = std::array<std::string, 8>;

Row row_of(const ordered_json& run, int64_t now) {
  const std::string card_id = text_in(run, "card_id");
  Row row = {text_in(run, "id"),
             text_in(run, "state"),
             text_in(run, "flow"),
             now_of(run, now),
             std::to_string(number_in(run, "attempts")),
             age(now - number_in(run, "changed")),
             text_in(run, "policy"),
             text_in(run, "card") + (card_id.empty() ? "" : " " + card_id)};
  for (std::string& cell : row) cell = printable(cell);
  return row;
}

void runs_of(Page& page, const TopMoment& moment) {
  constexpr size_t kWidest = 32;
  const int64_t now = number_in(moment.overview, "now");
  std::vector<Row> rows = {{"id", "state", "flow", "now", "attempt", "changed", "policy", "card"}};
  for (const ordered_json& run : moment.runs) rows.push_back(row_of(run, now));
  std::array<size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      widths.at(i) = std::max(widths.at(i), std::min(columns_of(row.at(i)), kWidest));
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const bool last = i + 1 == rows[r].size();
      const std::string cell(last ? rows[r].at(i) : std::string(head_of(rows[r].at(i), widths.at(i))));
      line += cell + (last ? "" : std::string(widths.at(i) - columns_of(cell) + 2, ' '));
    }
    const std::string& state = rows[r][1];
    if (r == 0) {
      page.painted(Terminal::Colour::faint, line);
    } else if (state == "stuck" || state == "failed") {
      page.painted(Terminal::Colour::red, line);
    } else if (state == "running" || state == "waiting") {
      page.painted(Terminal::Colour::yellow, line);
    } else {
      page.line(line);
    }
  }
}

}  // namespace

std::optional<TopRates> rates_between(const TopMoment& before, const TopMoment& now) {
  const int64_t ms = number_in(now.overview, "now") - number_in(before.overview, "now");
  if (ms <= 0) return {};
  const auto rate = [&](int64_t count) {
    return static_cast<double>(std::max<int64_t>(0, count)) * 60'000 / static_cast<double>(ms);
  };
  return TopRates{rate(number_in(now.overview, "begun") - number_in(before.overview, "begun")),
                  rate(over(now.overview.at("runs")) - over(before.overview.at("runs")))};
}

std::string top_picture(const TopMoment& moment, const std::optional<TopRates>& rates, const std::string& where,
                        const Terminal& terminal, size_t height) {
  Page page(terminal, height);
  const ordered_json& overview = moment.overview;
  const int64_t now = number_in(overview, "now");
  const bool is_service = moment.health.is_object();
  std::string state;
  if (is_service) state = moment.health.at("ready") == true ? ", ready" : ", NOT READY";
  page.painted(Terminal::Colour::bold, "cardwright top  " + utc_text(now) + "  " + printable(where) + state);
  page.line(counts_of(overview.at("runs"), rates));
  page.line("policy   " + use_of(overview.at("policy"), now, "none is in use"));
  page.line("bundle   " + use_of(overview.at("bundle"), now, "the program's own scripts"));
  if (is_service) {
    page.line("workers  " + workers_of(moment.health));
    for (const ordered_json& check : moment.health.at("checks")) {
      if (check.at("ok") == true) continue;
      page.painted(Terminal::Colour::red,
                   "broken   " + printable(text_in(check, "name") + ": " + text_in(check, "why")));
    }
  }
  const std::string budgets = "budgets  " + budgets_of(overview.at("near_end"));
  if (overview.at("near_end").empty()) {
    page.line(budgets);
  } else {
    page.painted(Terminal::Colour::red, budgets);
  }
  page.line("");
  if (moment.runs.empty()) {
    page.line("no run");
  } else {
    runs_of(page, moment);
  }
  return page.take();
}

}  // namespace cw::app
