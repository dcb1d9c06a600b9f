// Files that a run writes as it goes: traces and recordings. What a card was asked for is nobody else's business, so
// they are readable by their owner alone, also if they were there before.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "engine/recorder.h"

namespace cw::app {

class PrivateFile {
 public:
  /// `what` for messages: "trace". Raises usage: cannot be written, or not be kept from others.
  PrivateFile(const std::filesystem::path& file, std::string what);

  std::ostream& out() { return *out_; }
  /// Raises script: a part of it could not be written.
  void check() const;

 private:
  std::filesystem::path file_;
  std::string what_;
  std::unique_ptr<std::ofstream> out_;
};

/// A recording in a file.
class RecordingFile {
 public:
  /// `all_answers`: leaves nothing out. Raises usage: cannot be written.
  RecordingFile(const std::filesystem::path& file, bool all_answers)
      : file_(file, "recording"), recorder_(file_.out(), engine::Recorder::Options{all_answers}) {}
  RecordingFile(const RecordingFile&) = delete;
  RecordingFile& operator=(const RecordingFile&) = delete;

  engine::Recorder& recorder() { return recorder_; }
  void check() const { file_.check(); }

 private:
  PrivateFile file_;
  engine::Recorder recorder_;
};

}  // namespace cw::app
