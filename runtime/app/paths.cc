#include "app/paths.h"

#include <cstdlib>

#include "base/error.h"

namespace cw::app {

namespace fs = std::filesystem;

namespace {

bool is_share(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "stdlib", ignored);
}

}  // namespace

fs::path share_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return share_folder(error ? fs::path() : program, std::getenv("CARDWRIGHT_SHARE"));
}

fs::path share_folder(const fs::path& program, const char* configured) {
  if (configured != nullptr && *configured != '\0') {
    if (is_share(configured)) return configured;
    throw Error(ErrorKind::usage, std::string("CARDWRIGHT_SHARE is ") + configured +
                                      ", which has no stdlib/; name the folder with stdlib/, scripts/ and policies/");
  }
  const fs::path folder = program.parent_path();
  if (const fs::path installed = folder.parent_path() / "share/cardwright"; is_share(installed)) return installed;
  // build/<preset>/cardwright
  if (const fs::path sources = folder.parent_path().parent_path(); is_share(sources)) return sources;
  throw Error(ErrorKind::usage, "cannot find stdlib/, scripts/ and policies/ beside " + program.string() +
                                    "; set CARDWRIGHT_SHARE to the folder that holds them");
}

bool is_flow_file(const std::string& flow) {
  std::error_code ignored;
  return flow.ends_with(".lua") || (flow.find('/') != std::string::npos && fs::is_regular_file(flow, ignored));
}

}  // namespace cw::app
