// "Do we have these very octets already?", answered for the writer: the digest leads to an earlier block,
// which is read back and compared. A digest that merely says so is not enough to acknowledge a message on.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "store/archive.h"
#include "store/body.h"
#include "store/index.h"
#include "store/known_digests.h"
#include "store/types.h"

namespace guichet::store {

// For the writer thread alone.
class EarlierBodies {
 public:
  EarlierBodies(const Archive& archive, std::unique_ptr<IndexReader> index);

  [[nodiscard]] std::optional<BodyPlace> equal(const Digest& digest, const Body& body);

  // These are durable now but the index may not have them yet.
  void remember(std::span<const News> news);

 private:
  static constexpr std::size_t recent_max = 4096;

  std::optional<BodyPlace> find(const Digest& digest);

  const Archive& archive_;
  std::unique_ptr<IndexReader> index_;
  std::optional<KnownDigests> known_;  // of the index and of recent_; none: the index could not be read
  std::unordered_map<Digest, BodyPlace> recent_;
  std::deque<Digest> recent_order_;
};

}  // namespace guichet::store
