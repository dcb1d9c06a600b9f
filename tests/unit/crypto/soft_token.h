// A token of SoftHSM2 in a temporary folder, for the tests of this process.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/files.h"
#include "crypto/pkcs11_store.h"

namespace cw::crypto {

class SoftToken : public testing::Test {
 protected:
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

  /// Made once: the module reads where its tokens are once.
  static void SetUpTestSuite() {
    if (!std::filesystem::exists(kModule) || !folder().empty()) return;
    std::string name = std::filesystem::temp_directory_path() / "cw-token.XXXXXX";
    folder() = ::mkdtemp(name.data());
    std::filesystem::create_directory(folder() / "tokens");
    std::ofstream(folder() / "softhsm2.conf")
        << "directories.tokendir = " << (folder() / "tokens").string() << "\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder() / "softhsm2.conf").c_str(), 1);
    write_file_atomically(folder() / "pin", view("1234\n"), true);
    const std::string command = std::string("softhsm2-util --init-token --free --label cardwright --so-pin 4321 ") +
                                "--pin 1234 > " + (folder() / "init.log").string() + " 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void SetUp() override {
    if (folder().empty()) GTEST_SKIP() << "no SoftHSM2 here";
  }

  /// The folder of this process's token, gone with the process.
  static std::filesystem::path& folder() {
    struct Folder {
      ~Folder() {
        if (!path.empty()) std::filesystem::remove_all(path);
      }
      std::filesystem::path path{};
    };
    static Folder made;
    return made.path;
  }
  static Pkcs11Uri uri(const std::string& module = kModule) {
    return parse_pkcs11_uri("pkcs11:token=cardwright;?module-path=" + module +
                            "&pin-source=file:" + (folder() / "pin").string());
  }
};

}  // namespace cw::crypto
