#include "batch/quarantine.h"

namespace cw::batch {

Quarantine::Quarantine(const std::filesystem::path& file)
    : log_(file, {"card", "row", "reader", "reason"}, CsvLog::Sharing::shared) {
  for (const std::vector<std::string>& fields : log_.records()) {
    if (!fields[0].empty()) cards_.insert(fields[0]);
    if (!fields[1].empty()) rows_.insert(fields[1]);
  }
}

void Quarantine::add(const Entry& entry) {
  log_.append({entry.card, entry.row, entry.reader, entry.reason});
  if (!entry.card.empty()) cards_.insert(entry.card);
  if (!entry.row.empty()) rows_.insert(entry.row);
}

}  // namespace cw::batch
