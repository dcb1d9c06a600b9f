#include "store/merkle.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::store {
namespace {

// The eight leaves, tree hashes and paths of the reference test of Certificate Transparency.
std::vector<Bytes> reference_leaves() {
  std::vector<Bytes> leaves;
  for (const char* data :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696A6B6C6D6E6F"}) {
    leaves.push_back(leaf_hash(from_hex(data)));
  }
  return leaves;
}

const char* const kRoots[] = {
    "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    "6E340B9CFFB37A989CA544E6BB780A2C78901D3FB33738768511A30617AFA01D",
    "FAC54203E7CC696CF0DFCB42C92A1D9DBAF70AD9E621F4BD8D98662F00E3C125",
    "AEB6BCFE274B70A14FB067A5E5578264DB0FA9B51AF5E0BA159158F329E06E77",
    "D37EE418976DD95753C1C73862B9398FA2A2CF9B4FF0FDFE8B30CD95209614B7",
    "4E3BBB1F7B478DCFE71FB631631519A3BCA12C9AEFCA1612BFCE4C13A86264D4",
    "76E67DADBCDF1E10E1B74DDC608ABD2F98DFB16FBCE75277B5232A127F2087EF",
    "DDB89BE403809E325750D3D263CD78929C2942B7942A34B77E122C9594A74C8C",
    "5DC9DA79A70659A9AD559CB701DED9A2AB9D823AAD2F4960CFE370EFF4604328",
};

/// RFC 6962 2.1, as it is written there: the second opinion.
Bytes by_definition(std::span<const Bytes> leaves) {
  if (leaves.empty()) return crypto::digest(crypto::Hash::sha256, {});
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  Bytes node{0x01};
  append(node, by_definition(leaves.first(k)));
  append(node, by_definition(leaves.subspan(k)));
  return crypto::digest(crypto::Hash::sha256, node);
}

std::vector<Bytes> some_leaves(size_t count) {
  std::vector<Bytes> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(to_bytes("leaf " + std::to_string(i))));
  return leaves;
}

std::vector<std::string> in_hex(const std::vector<Bytes>& path) {
  std::vector<std::string> out;
  for (const Bytes& hash : path) out.push_back(to_hex(hash));
  return out;
}

TEST(Merkle, TreeHashesAreThoseOfTheReferenceTest) {
  const std::vector<Bytes> leaves = reference_leaves();
  GrowingTree tree;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(to_hex(tree.root()), kRoots[size]) << size;
    EXPECT_EQ(to_hex(tree_hash(std::span(leaves).first(size))), kRoots[size]) << size;
    if (size < leaves.size()) tree.add(leaves[size]);
  }
}

TEST(Merkle, PathsAreThoseOfTheReferenceTest) {
  const std::vector<Bytes> leaves = reference_leaves();
  EXPECT_EQ(in_hex(audit_path(leaves, 0)),
            (std::vector<std::string>{"96A296D224F285C67BEE93C30F8A309157F0DAA35DC5B87E410B78630A09CFC7",
                                      "5F083F0A1A33CA076A95279832580DB3E0EF4584BDFF1F54C8A360F50DE3031E",
                                      "6B47AAF29EE3C2AF9AF889BC1FB9254DABD31177F16232DD6AAB035CA39BF6E4"}));
  EXPECT_EQ(in_hex(audit_path(leaves, 5)),
            (std::vector<std::string>{"BC1A0643B12E4D2D7C77918F44E0F4F79A838B6CF9EC5B5C283E1F4D88599E6B",
                                      "CA854EA128ED050B41B35FFC1B87B8EB2BDE461E9E3B5596ECE6B9D5975A0AE0",
                                      "D37EE418976DD95753C1C73862B9398FA2A2CF9B4FF0FDFE8B30CD95209614B7"}));
  EXPECT_EQ(in_hex(audit_path(std::span(leaves).first(3), 2)), (std::vector<std::string>{kRoots[2]}));
}

TEST(Merkle, ATreeOfAnySizeHasTheHashOfTheDefinitionAndGoesOnFromWhatWasKept) {
  const std::vector<Bytes> leaves = some_leaves(130);
  GrowingTree tree;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    ASSERT_EQ(tree.root(), by_definition(std::span(leaves).first(size))) << size;
    tree = GrowingTree(tree.size(), tree.subtrees());
    if (size < leaves.size()) tree.add(leaves[size]);
  }
}

TEST(Merkle, EveryPathLeadsToItsRootAndToNoOther) {
  const std::vector<Bytes> leaves = some_leaves(40);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    const auto part = std::span(leaves).first(size);
    const Bytes root = by_definition(part);
    for (size_t i = 0; i < size; ++i) {
      const std::vector<Bytes> path = audit_path(part, i);
      const auto of = static_cast<int64_t>(size);
      const auto at = static_cast<int64_t>(i);
      ASSERT_TRUE(leads_to(part[i], at, of, path, root)) << i << " of " << size;
      EXPECT_FALSE(leads_to(part[i], at, of, path, leaves.back()) && size > 1);
      EXPECT_FALSE(leads_to(leaf_hash({}), at, of, path, root));
      for (int64_t other = 0; other < of; ++other) EXPECT_EQ(leads_to(part[i], other, of, path, root), other == at);
      std::vector<Bytes> longer = path;
      longer.push_back(root);
      EXPECT_FALSE(leads_to(part[i], at, of, longer, root));
      if (path.empty()) continue;
      EXPECT_FALSE(leads_to(part[i], at, of, {path.begin(), path.end() - 1}, root));
    }
  }
}

TEST(Merkle, AnIndexOutsideTheTreeLeadsNowhere) {
  const Bytes leaf = leaf_hash({});
  EXPECT_TRUE(leads_to(leaf, 0, 1, {}, leaf));
  EXPECT_FALSE(leads_to(leaf, 1, 1, {}, leaf));
  EXPECT_FALSE(leads_to(leaf, -1, 1, {}, leaf));
  EXPECT_FALSE(leads_to(leaf, 0, 0, {}, leaf));
}

TEST(Merkle, SubtreesThatDoNotFitTheSizeAreRefused) {
  EXPECT_THROW(GrowingTree(1, {}), Error);
  EXPECT_THROW(GrowingTree(-1, {}), Error);
  EXPECT_THROW(GrowingTree(2, Bytes(33)), Error);
  EXPECT_THROW(GrowingTree(2, Bytes(64)), Error);
  EXPECT_EQ(GrowingTree(3, Bytes(64)).size(), 3);
}

}  // namespace
}  // namespace cw::store
