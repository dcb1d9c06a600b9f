#include "own_server.h"

#include <stdlib.h>

#include "base/files.h"

namespace cw::store {

OwnServer::OwnServer(const std::filesystem::path& folder) : folder_(folder) {
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
  const std::string cluster = (folder / "pg").string();
  if (shell("start_postgres " + cluster + "; echo $CW_TEST_POSTGRES >" + cluster + ".url; echo $postgres_dir >" +
            cluster + ".dir") != 0) {
    trouble_ = "no server: " + to_string(read_file(folder / "shell.log"));
    return;
  }
  const auto line = [&](const char* end) {
    std::string text = to_string(read_file(cluster + end));
    text.pop_back();
    return text;
  };
  state_ = "postgres_dir=" + line(".dir") + "; ";
  url_ = line(".url");
}

OwnServer::~OwnServer() {
  if (trouble_.empty()) does("thaw_postgres || true; stop_postgres");
}

bool OwnServer::does(const std::string& command) const { return shell(state_ + command) == 0; }

int OwnServer::shell(const std::string& command) const {
  const std::string all = std::string("cd '") + CW_SOURCE_DIR +
                          "' && bash -euc '. tools/say.sh; . tools/postgres.sh; " + command + "' >'" +
                          (folder_ / "shell.log").string() + "' 2>&1";
  return ::system(all.c_str());
}

}  // namespace cw::store
