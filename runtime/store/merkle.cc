#include "store/merkle.h"

#include <bit>
#include <span>

#include "base/error.h"
#include "crypto/digest.h"

namespace cw::store {

namespace {

constexpr size_t kHash = 32;

Bytes sha256(ByteView data) { return crypto::digest(crypto::Hash::sha256, data); }

Bytes node_hash(ByteView left, ByteView right) {
  static constexpr uint8_t kNode[] = {0x01};
  return sha256(concat({kNode, left, right}));
}

}  // namespace

Bytes leaf_hash(ByteView data) {
  static constexpr uint8_t kLeaf[] = {0x00};
  return sha256(concat({kLeaf, data}));
}

GrowingTree::GrowingTree(int64_t size, ByteView subtrees) : size_(size) {
  if (size < 0 || subtrees.size() != kHash * static_cast<size_t>(std::popcount(static_cast<uint64_t>(size)))) {
    throw Error(ErrorKind::store, "the audit's tree is corrupt: its subtrees do not fit a size of " +
                                      std::to_string(size) + "; run cardwright audit verify");
  }
  for (size_t at = 0; at < subtrees.size(); at += kHash) subtrees_.push_back(to_bytes(subtrees.subspan(at, kHash)));
}

void GrowingTree::add(Bytes leaf) {
  // As in a binary counter: two subtrees of one size become one of twice the size.
  for (int64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    leaf = node_hash(subtrees_.back(), leaf);
    subtrees_.pop_back();
  }
  subtrees_.push_back(std::move(leaf));
  ++size_;
}

Bytes GrowingTree::root() const {
  if (subtrees_.empty()) return sha256({});
  Bytes hash = subtrees_.back();
  for (size_t i = subtrees_.size() - 1; i > 0; --i) hash = node_hash(subtrees_[i - 1], hash);
  return hash;
}

Bytes GrowingTree::subtrees() const {
  Bytes out;
  for (const Bytes& each : subtrees_) append(out, each);
  return out;
}

Bytes tree_hash(std::span<const Bytes> leaves) {
  GrowingTree tree;
  for (const Bytes& leaf : leaves) tree.add(leaf);
  return tree.root();
}

std::vector<Bytes> audit_path(std::span<const Bytes> leaves, size_t index) {
  std::vector<Bytes> from_the_top;
  while (leaves.size() > 1) {
    const size_t left = std::bit_floor(leaves.size() - 1);
    const bool in_left = index < left;
    from_the_top.push_back(tree_hash(in_left ? leaves.subspan(left) : leaves.first(left)));
    leaves = in_left ? leaves.first(left) : leaves.subspan(left);
    if (!in_left) index -= left;
  }
  return {from_the_top.rbegin(), from_the_top.rend()};
}

bool leads_to(const Bytes& leaf, int64_t index, int64_t size, const std::vector<Bytes>& path, const Bytes& root) {
  if (index < 0 || index >= size) return false;
  int64_t node = index;
  int64_t last = size - 1;
  Bytes hash = leaf;
  for (const Bytes& beside : path) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(beside, hash);
      while ((node & 1) == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      hash = node_hash(hash, beside);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && hash == root;
}

}  // namespace cw::store
