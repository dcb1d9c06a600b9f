#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/bundle_source.h"
#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/paths.h"
#include "app/terminal.h"
#include "base/error.h"
#include "base/files.h"
#include "cmd_bundle_private.h"
#include "engine/bundle_folder.h"

namespace cw::app {

namespace {

namespace fs = std::filesystem;

using nlohmann::ordered_json;

struct Options {
  DeskPlace place{};  // of verify
  fs::path input{};
  std::optional<fs::path> output{};
  fs::path key{};
  fs::path chain{};
  fs::path trust{};
};

std::string shown(const engine::BundleArchive& archive) {
  return "bundle " + archive.bundle->hash().substr(0, 12) + ", " + std::to_string(archive.bundle->texts().size()) +
         " files";
}

/// What the folder is called, in the current folder.
fs::path beside(const fs::path& folder) {
  std::error_code error;
  const fs::path name = fs::canonical(folder, error).filename();
  return (error || name.empty() ? fs::path("scripts") : name).string() + ".bundle";
}

ExitStatus build(const Options& options) {
  const engine::BundleFolder folder = engine::read_bundle_folder(options.input, share_folder() / "stdlib");
  const engine::BundleArchive archive = engine::BundleArchive::of(folder.bundle);
  engine::check_scripts(*archive.bundle);
  const fs::path output = options.output.value_or(beside(options.input));
  write_file_atomically(output, archive.write(), false);
  std::cout << shown(archive) << ": " << printable(output.string()) << '\n';
  for (const std::string& name : folder.left_out) std::cout << "left out: " << printable(name) << '\n';
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus sign(const Options& options) {
  engine::BundleArchive archive = read_bundle_file(options.input);
  const Secret key = read_secret_file(options.key);
  const Bytes chain = read_file(options.chain, 1u << 20);
  try {
    archive.sign(key, text_view(chain));
  } catch (const Error& error) {
    throw error.within("cannot sign " + options.input.string() + " with the key " + options.key.string() + " and " +
                       options.chain.string());
  }
  const fs::path output = options.output.value_or(options.input);
  write_file_atomically(output, archive.write(), false);
  std::cout << shown(archive) << " is signed: " << printable(output.string()) << std::endl;
  return ExitStatus::ok;
}

/// A version where it is kept: in a store, or by a service.
ExitStatus verify_version(const Options& options) {
  const std::string trust = to_string(read_file(options.trust, 256u << 10));
  const ordered_json answer =
      options.place.answer({service::Ask::bundle_verify, {{"version", options.input.string()}, {"trust", trust}}, {}});
  std::cout << "bundle " << text_in(answer, "hash").substr(0, 12) << ", " << answer.at("files")
            << " files: " << printable(text_in(answer, "name")) << '\n'
            << "signed by " << printable(text_in(answer, "signer")) << ", valid until "
            << utc_text(answer.at("until").get<int64_t>()) << '\n'
            << "certificate " << text_in(answer, "certificate") << std::endl;
  return ExitStatus::ok;
}

ExitStatus verify(const Options& options) {
  if (!is_bundle_file(options.input.string())) return verify_version(options);
  const engine::BundleArchive archive = read_bundle_file(options.input);
  const crypto::Signer signer = verify_bundle(archive, options.trust, options.input.string());
  std::cout << shown(archive) << ": " << printable(options.input.string()) << '\n'
            << "signed by " << printable(signer.name) << ", valid until " << utc_text(signer.until * 1000) << '\n'
            << "certificate " << signer.fingerprint << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_bundle_build(CLI::App& bundle, Action& action) {
  auto built = std::make_shared<Options>();
  CLI::App* builds = bundle.add_subcommand("build", "Put a folder of scripts into one file");
  builds->add_option("DIR", built->input, "a folder with scripts/, and stdlib/ if it is not to be the program's own")
      ->required()
      ->type_name("");
  builds->add_option("--output", built->output, "the file (default: DIR.bundle, in this folder)")->type_name("FILE");
  builds->footer(
      "The same scripts give the same file, to the byte. Each flow is loaded once; a file that is no .lua is left "
      "out.\n"
      "The file is a tar archive.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle build acme --output acme-1.4.bundle");
  builds->callback([built, &action] { action = [built] { return build(*built); }; });

  auto signed_one = std::make_shared<Options>();
  CLI::App* signs = bundle.add_subcommand("sign", "Sign a bundle");
  signs->add_option("FILE", signed_one->input, "the bundle")->required()->type_name("");
  signs->add_option("--key", signed_one->key, "private key: Ed25519, or ECDSA on P-256 or P-384; PEM, no pass phrase")
      ->required()
      ->type_name("KEY");
  signs
      ->add_option("--chain", signed_one->chain,
                   "its certificate, then those of the CAs between it and the trusted one")
      ->required()
      ->type_name("CERTS");
  signs->add_option("--output", signed_one->output, "the signed bundle (default: FILE itself)")->type_name("FILE");
  signs->footer(
      "What is signed is manifest.json, which has the hash of each file. A signature that is there is replaced.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle sign acme-1.4.bundle --key signer.key --chain signer.pem");
  signs->callback([signed_one, &action] { action = [signed_one] { return sign(*signed_one); }; });

  auto checked = std::make_shared<Options>();
  CLI::App* verifies = bundle.add_subcommand("verify", "Whether a bundle is whole, and who signed it");
  checked->place.add_to(*verifies);
  verifies->add_option("BUNDLE", checked->input, "a file, or a version in the store")->required()->type_name("");
  verifies->add_option("--trust", checked->trust, "certificates of the CAs whose signers are trusted")
      ->required()
      ->type_name("CA");
  verifies->footer(
      "A name that ends in .bundle or has a '/' in it is a file.\n"
      "\n"
      "Examples:\n"
      "  cardwright bundle verify acme-1.4.bundle --trust ca.pem\n"
      "  cardwright bundle verify acme-1.4 --trust ca.pem");
  verifies->callback([checked, &action] { action = [checked] { return verify(*checked); }; });
}

}  // namespace cw::app
