// Recordings, which come from others: what is read is written again the same, and becomes a scenario.
#include <cstdlib>

#include "base/error.h"
#include "engine/recording_text.h"
#include "engine/scenario_text.h"

using namespace cw;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text = to_string(ByteView(bytes, size));
  try {
    const engine::Recording recording = engine::Recording::parse(text, "fuzz");
    for (const engine::RecordedRun& run : recording.runs) {
      engine::head_text(run.head);
      for (const engine::RecordedLine& line : run.lines) {
        if (text.find(engine::line_text(line)) == std::string::npos) std::abort();
      }
    }
    if (!engine::scenario_of(recording).ends_with("}\n")) std::abort();
  } catch (const Error& error) {
    if (error.message().find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
