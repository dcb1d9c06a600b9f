#include "app/table.h"

#include <algorithm>

namespace cw::app {

namespace {

constexpr size_t kGap = 2;

using Row = std::vector<std::string>;

std::vector<size_t> natural_widths(const std::vector<Row>& rows, size_t columns) {
  std::vector<size_t> widths(columns, 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  return widths;
}

/// Takes from the widest column until the line fits; down to one character each.
void fit(std::vector<size_t>& widths, size_t line) {
  size_t total = kGap * (widths.size() - 1);
  for (const size_t width : widths) total += width;
  while (total > line) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= 1) return;
    --*widest;
    --total;
  }
}

/// One row as one or more lines: a cell wider than its column goes on below.
void append_row(std::string& out, Row row, const std::vector<size_t>& widths, const Terminal& terminal, bool heading) {
  bool more = true;
  while (more) {
    more = false;
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string part(head_of(row[i], widths[i]));
      row[i].erase(0, part.size());
      more = more || !row[i].empty();
      line += part;
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(part) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += (heading ? terminal.paint(Terminal::Colour::bold, line) : line) + "\n";
  }
}

}  // namespace

Table Table::parse(const nlohmann::json& value) {
  return {value.at("title").get<std::string>(), value.at("columns").get<Row>(),
          value.at("rows").get<std::vector<Row>>()};
}

std::string Table::format(const Terminal& terminal) const {
  std::string out;
  if (!title.empty()) out += terminal.paint(Terminal::Colour::bold, printable(title)) + "\n";
  if (columns.empty()) return out;

  const bool has_heading = std::any_of(columns.begin(), columns.end(), [](const auto& name) { return !name.empty(); });
  std::vector<Row> lines;
  if (has_heading) lines.push_back(columns);
  lines.insert(lines.end(), rows.begin(), rows.end());
  for (Row& row : lines) {
    row.resize(columns.size());
    for (std::string& cell : row) cell = printable(cell);
  }
  std::vector<size_t> widths = natural_widths(lines, columns.size());
  if (terminal.width > 0) fit(widths, terminal.width - 1);
  for (size_t i = 0; i < lines.size(); ++i) append_row(out, lines[i], widths, terminal, has_heading && i == 0);
  return out;
}

}  // namespace cw::app
