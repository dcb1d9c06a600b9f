// A CSV file that only grows: a header, then records that are on the disk before append() returns. What a crash left of
// the last record is cut off when the file is opened again. A record is one line: control characters in it become
// spaces.
//
// Owner: results.h, quarantine.h. One thread at a time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cw::batch {

class CsvLog {
 public:
  enum class Sharing {
    alone,   // held as long as this lives: a second program that wants it is refused
    shared,  // others append too
  };

  /// Opens it, or makes it, readable by its owner alone. Raises usage: another program holds it, it cannot be written,
  /// its header is not `header`, a record is damaged.
  CsvLog(std::filesystem::path path, const std::vector<std::string>& header, Sharing sharing);
  ~CsvLog();
  CsvLog(const CsvLog&) = delete;
  CsvLog& operator=(const CsvLog&) = delete;

  /// Records that were there when it was opened, each with as many fields as the header.
  const std::vector<std::vector<std::string>>& records() const { return records_; }

  /// Raises script: the disk is full, or fails; then the record may be there in part.
  void append(const std::vector<std::string>& fields);

  const std::filesystem::path& path() const { return path_; }

 private:
  void read(const std::vector<std::string>& header);

  std::filesystem::path path_;
  Sharing sharing_;
  int fd_ = -1;
  std::vector<std::vector<std::string>> records_;
};

}  // namespace cw::batch
