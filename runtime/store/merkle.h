// Merkle tree hashes, audit paths and their verification as RFC 6962 (2.1) has them, with SHA-256. A leaf is given by
// its hash.
//
// Thread rule: plain functions and values.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace cw::store {

/// SHA-256 over 00 and the data.
Bytes leaf_hash(ByteView data);

/// A tree that grows at its end and keeps nothing but the hashes of its whole subtrees: one for each 1 in the binary
/// form of its size, the largest first.
class GrowingTree {
 public:
  GrowingTree() = default;
  /// From what subtrees() gave. Raises store: they do not fit the size.
  GrowingTree(int64_t size, ByteView subtrees);

  void add(Bytes leaf);
  int64_t size() const { return size_; }
  /// The tree hash; of the empty tree the hash of nothing.
  Bytes root() const;
  /// Joined, 32 bytes each.
  Bytes subtrees() const;

 private:
  int64_t size_ = 0;
  std::vector<Bytes> subtrees_{};
};

/// Tree hash of these leaves.
Bytes tree_hash(std::span<const Bytes> leaves);
/// RFC 6962 2.1.1: what it takes to come from leaf `index` (from 0) to the tree hash, the nearest first.
std::vector<Bytes> audit_path(std::span<const Bytes> leaves, size_t index);
/// Whether the path leads from that leaf to that root of a tree of `size` leaves (RFC 9162 2.1.3.2).
bool leads_to(const Bytes& leaf, int64_t index, int64_t size, const std::vector<Bytes>& path, const Bytes& root);

}  // namespace cw::store
