#include "app/audit_proof.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "store/audit_export.h"
#include "store/merkle.h"

namespace cw::app {
namespace {

/// Record 2 of two.
store::AuditProof a_proof() {
  store::AuditProof proof;
  proof.record.number = 2;
  proof.record.time = 1'700'000'000'000;
  proof.record.entry = {"ada@desk", "budget reset", "CA4D01", {{"reason", "reader \"replaced\""}, {"domain", ""}}};
  proof.record.previous = Bytes(32, 0x11);
  proof.record.hash = store::hash_of(proof.record);
  proof.path = {Bytes(32, 0x11)};
  const std::vector<Bytes> leaves = {proof.path[0], proof.record.hash};
  proof.root = {2, 1'700'000'000'001, store::tree_hash(leaves)};
  return proof;
}

std::string refusal(std::string_view text) {
  try {
    parse_proof(text, "file");
  } catch (const Error& error) {
    return std::string(name_of(error.kind())) + ": " + error.message();
  }
  return {};
}

TEST(AuditProof, HoldsAfterItWasWrittenAndRead) {
  const store::AuditProof proof = a_proof();
  ASSERT_TRUE(store::holds(proof));
  const store::AuditProof again = parse_proof(proof_text(proof), "file");
  EXPECT_TRUE(store::holds(again));
  EXPECT_EQ(proof_text(again), proof_text(proof));
}

TEST(AuditProof, ThatWasChangedAnywhereDoesNotHoldOrIsNone) {
  const std::string text = proof_text(a_proof());
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == '1' ? '2' : '1';
    if (changed == text || !refusal(changed).empty()) continue;
    const store::AuditProof proof = parse_proof(changed, "file");
    // The time in words is for people; the time of the root says when it was given.
    const bool of_no_weight = proof_text(proof) == text || proof.root.time != a_proof().root.time;
    EXPECT_TRUE(of_no_weight || !store::holds(proof)) << changed.substr(at < 20 ? 0 : at - 20, 40);
  }
}

TEST(AuditProof, ThatIsCutShortIsNone) {
  const std::string text = proof_text(a_proof());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(refusal(text.substr(0, size)).find("usage: file is no proof of an audit"), 0u) << size;
  }
}

TEST(AuditProof, WithATextThatJsonCannotHaveIsNotWritten) {
  store::AuditProof proof = a_proof();
  proof.record.entry.subject = "\xFF";
  EXPECT_THROW(proof_text(proof), Error);
}

TEST(AuditRoots, AreLinesOrFilesOfThem) {
  std::string folder = "/tmp/cw_audit_roots_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const store::AuditRoot root = a_proof().root;
  store::append_root(folder + "/roots", [&](const auto&) { return root; });
  EXPECT_EQ(roots_from({folder + "/roots", store::root_text(root)}).size(), 2u);
  write_file_atomically(folder + "/empty", {}, true);
  EXPECT_THROW(roots_from({folder + "/empty"}), Error);
  EXPECT_THROW(roots_from({folder + "/none"}), Error);
  EXPECT_THROW(roots_from({"cardwright audit root 1 2"}), Error);
  EXPECT_TRUE(roots_from({}).empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cw::app
