#include "store/earlier.h"

#include <algorithm>
#include <string>

namespace guichet::store {
namespace {

constexpr std::size_t piece_octets = 64 * 1024;
constexpr std::size_t page_digests = 16 * 1024;

// Compares `given` (at offset `at` of the body) with the archive.
bool equal_piece(const Archive& archive, const BodyPlace& place, std::uint64_t at, std::string_view given) {
  std::string kept(given.size(), '\0');
  return archive.read(place, at, kept).has_value() && kept == given;
}

bool equal_spool(const Archive& archive, const BodyPlace& place, const Body& body) {
  std::string piece(piece_octets, '\0');
  for (std::uint64_t at = 0; at < body.spooled_octets();) {
    const auto got = body.read_spool(piece, at);
    if (!got || *got == 0) return false;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(*got, body.spooled_octets() - at));
    if (!equal_piece(archive, place, at, std::string_view(piece).substr(0, count))) return false;
    at += count;
  }
  return true;
}

bool equal_memory(const Archive& archive, const BodyPlace& place, const Body& body) {
  auto at = body.spooled_octets();
  for (const auto piece : body.memory_pieces()) {
    if (!equal_piece(archive, place, at, piece)) return false;
    at += piece.size();
  }
  return true;
}

}  // namespace

EarlierBodies::EarlierBodies(const Archive& archive, std::unique_ptr<IndexReader> index)
    : archive_(archive), index_(std::move(index)) {
  const auto count = index_->count_bodies();
  if (!count) return;
  KnownDigests known(*count);
  for (Digest last;;) {
    const auto page = index_->digests_after(last, page_digests);
    if (!page) return;
    for (const auto& digest : *page)
      known.add(digest);
    if (page->size() < page_digests) break;
    last = page->back();
  }
  known_ = std::move(known);
}

std::optional<BodyPlace> EarlierBodies::equal(const Digest& digest, const Body& body) {
  const auto place = find(digest);
  if (!place || place->size_octets != body.size()) return std::nullopt;
  if (!equal_spool(archive_, *place, body) || !equal_memory(archive_, *place, body)) return std::nullopt;
  return place;
}

std::optional<BodyPlace> EarlierBodies::find(const Digest& digest) {
  if (known_ && !known_->may_contain(digest)) return std::nullopt;
  if (const auto found = recent_.find(digest); found != recent_.end()) return found->second;
  const auto indexed = index_->body(digest);
  return indexed ? *indexed : std::nullopt;  // an index that fails costs a second copy, nothing else
}

void EarlierBodies::remember(std::span<const News> news) {
  for (const auto& item : news) {
    const auto* body = std::get_if<NewBody>(&item);
    if (body && known_) known_->add(body->digest);
    if (!body || !recent_.insert_or_assign(body->digest, body->place).second) continue;
    recent_order_.push_back(body->digest);
    if (recent_order_.size() <= recent_max) continue;
    recent_.erase(recent_order_.front());
    recent_order_.pop_front();
  }
}

}  // namespace guichet::store
