#include "engine/bundle_folder.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "bundle_limits_private.h"

namespace cw::engine {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw Error(ErrorKind::script, "cannot build a bundle: " + file.string() + ": " + why);
}

[[noreturn]] void fail(const fs::path& file, const std::error_code& error) {
  throw Error(ErrorKind::usage, "cannot build a bundle: cannot read " + file.string() + ": " + error.message());
}

class Reader {
 public:
  /// `top`: "scripts" or "stdlib", which the names in the bundle begin with.
  void read(const fs::path& root, const std::string& top) {
    std::error_code error;
    const fs::path inside = fs::canonical(root, error);
    if (error) fail(root, error);
    fs::recursive_directory_iterator walk(root, error);
    if (error) fail(root, error);
    for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
      take(*walk, inside, top + "/" + walk->path().lexically_relative(root).generic_string());
    }
    if (error) fail(root, error);
  }

  std::map<std::string, std::string> texts{};
  std::vector<std::string> left_out{};

 private:
  void take(const fs::directory_entry& entry, const fs::path& inside, const std::string& name) {
    std::error_code error;
    if (entry.is_symlink(error)) want_inside(entry.path(), inside);
    if (entry.is_directory(error)) {
      if (entry.is_symlink(error)) refuse(entry.path(), "it is a link to a folder; put the folder itself there");
      return;
    }
    if (entry.path().extension() != ".lua") {
      left_out.push_back(name);
      return;
    }
    if (!entry.is_regular_file(error)) refuse(entry.path(), "it is no file");
    if (const std::string why = odd_name(name); !why.empty()) refuse(entry.path(), why);
    if (entry.file_size(error) > kBundleFileLimit) refuse(entry.path(), "it is larger than 256 KiB");
    std::string text = to_string(read_file(entry.path(), kBundleFileLimit));
    if (const std::string why = not_text(text); !why.empty()) refuse(entry.path(), why);
    total_ += text.size();
    if (total_ > kBundleLimit) refuse(entry.path(), "with it, the scripts have more than 16 MiB");
    texts[name] = std::move(text);
    if (texts.size() > kBundleFileCount) refuse(entry.path(), "with it, there are more than 4096 scripts");
  }

  static void want_inside(const fs::path& link, const fs::path& inside) {
    std::error_code error;
    const fs::path target = fs::canonical(link, error);
    if (error) refuse(link, "it is a link to nothing");
    const fs::path way = target.lexically_relative(inside);
    if (way.empty() || *way.begin() == "..") refuse(link, "it is a link to what is outside of the folder");
  }

  size_t total_ = 0;
};

}  // namespace

BundleFolder read_bundle_folder(const fs::path& folder, const fs::path& stdlib) {
  std::error_code error;
  if (!fs::is_directory(folder / "scripts", error)) {
    throw Error(ErrorKind::usage,
                "cannot build a bundle: " + folder.string() + " has no folder scripts/; name the folder that it is in");
  }
  Reader reader;
  reader.read(folder / "scripts", "scripts");
  const fs::path own = folder / "stdlib";
  const bool has_own = fs::exists(own, error);
  if (has_own) reader.read(own, "stdlib");
  std::vector<std::string> left_out = reader.left_out;
  if (!has_own) reader.read(stdlib, "stdlib");
  std::sort(left_out.begin(), left_out.end());
  return {Bundle::of(std::move(reader.texts)), std::move(left_out)};
}

}  // namespace cw::engine
