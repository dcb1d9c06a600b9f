// An issuer with its file, a card from the factory, and an SP-TSM that knows the tables and nothing else: it gives each
// APDU to the card and reports what came, up to the first status word that a list does not go on after.
//
// Owner: a story. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "crypto/key_store.h"
#include "issuer/desk.h"
#include "issuer/pusher.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::issuer {

inline const std::string kSeId = "4790D32147000001";
inline const std::string kSd = "F063617264770001";

/// What the issuer knows of a product.
struct Product {
  std::string flavor = "generic";
  std::string scp = "0370";  // of the ISD
  std::string keys = "isd.aes";
  std::string ssd_scp = "0370";  // of a new SSD
  std::string more{};            // of the card in the issuer's file, ", " first
};
void PrintTo(const Product& product, std::ostream* out);

/// A folder of this story's own.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

extern const char* const kKeys;
/// The issuer's file. `callback` of tenant acme; `more`: further members.
std::string file_for(const Product& product, const std::string& callback = "", const std::string& more = "");

class Story {
 public:
  explicit Story(const Product& product, const std::string& callback = "", const std::string& more = "");

  /// The issuer is another process from now on: what it knew is in its file.
  void restart();

  struct Outcome {
    bool good = false;
    std::string message{};
    unsigned rounds = 0;  // apduLists
    unsigned apdus = 0;
    std::string task{};
    bool gave_up = false;  // an INITIALIZE UPDATE without its EXTERNAL AUTHENTICATE
  };
  /// As tenant acme, to the end.
  Outcome run(const std::string& operation, const std::string& privileges = "A00000", const std::string& sd = kSd);
  /// Up to `rounds` lists; the task goes on.
  Outcome run_some(const std::string& operation, unsigned rounds);
  Answer begin(const std::string& operation, const std::string& privileges = "A00000", const std::string& sd = kSd,
               const std::string& tenant = "acme", const std::string& se_id = kSeId);
  Answer report(const std::string& task, const std::vector<std::string>& answers, const std::string& tenant = "acme",
                const std::string& se_id = kSeId);
  std::vector<std::string> carry_out(const std::vector<std::string>& apdus);

  State state() const;
  const Domain* domain();

  Product product;
  Folder folder;
  Configuration configuration{};
  std::shared_ptr<crypto::FileKeyStore> keys{};
  int64_t now = 1'700'000'000'000;
  std::unique_ptr<Faults> faults{};
  std::unique_ptr<Desk> desk{};
  std::shared_ptr<se::Card> card{};
  std::unique_ptr<se::SimReader> reader{};

 private:
  Outcome go_on(Answer answer, unsigned most);
  State shown_{};
  bool opening_ = false;  // INITIALIZE UPDATE succeeded, and nothing came after it yet
  bool gave_up_ = false;
};

/// Opens the SSD with keys and gives its own registry entry: the life cycle and privileges that the card says.
struct Seen {
  std::string life_cycle{};
  std::string privileges{};
};
Seen look_with(Story& story, const crypto::KeySet& keys, const std::string& sd = kSd);

}  // namespace cw::issuer
