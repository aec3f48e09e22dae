#include "store/body.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace guichet::store {

BodyMemory::Chunk BodyMemory::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) idle_.emplace_back(new char[chunk_octets]);  // may throw: then nothing is counted
  auto chunk = std::move(idle_.back());  // the one used last is the one still in the cache
  idle_.pop_back();
  in_use_ += chunk_octets;
  return chunk;
}

void BodyMemory::give_back(Chunk chunk) {
  if (!chunk) return;
  const std::lock_guard lock(mutex_);
  in_use_ -= chunk_octets;
  if (idle_.size() < kept_max) idle_.push_back(std::move(chunk));
}

std::uint64_t BodyMemory::in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

Body::Body(BodyMemory& memory, Disk& disk, std::string spool_file)
    : memory_(&memory), disk_(&disk), spool_file_(std::move(spool_file)) {}

Body::Body(Body&& other) noexcept
    : memory_(other.memory_),
      disk_(other.disk_),
      spool_file_(std::move(other.spool_file_)),
      spool_(std::move(other.spool_)),
      spooled_octets_(other.spooled_octets_),
      beginning_(std::move(other.beginning_)),
      chunks_(std::move(other.chunks_)),
      memory_octets_(other.memory_octets_) {
  other.memory_octets_ = 0;
  other.spooled_octets_ = 0;
  other.beginning_.clear();
}

Body& Body::operator=(Body&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(disk_, other.disk_);
  std::swap(spool_file_, other.spool_file_);
  std::swap(spool_, other.spool_);
  std::swap(spooled_octets_, other.spooled_octets_);
  std::swap(beginning_, other.beginning_);
  std::swap(chunks_, other.chunks_);
  std::swap(memory_octets_, other.memory_octets_);
  return *this;
}

Body::~Body() {
  release_chunks();
  if (spool_) (void)disk_->remove(spool_file_);  // the sweeper at the next start takes what stays behind
}

void Body::append(std::string_view octets) {
  if (chunks_.empty() && memory_octets_ + octets.size() <= beginning_octets_max) {
    beginning_ += octets;
    memory_octets_ += octets.size();
    return;
  }
  if (!beginning_.empty()) {
    const auto beginning = std::exchange(beginning_, {});
    memory_octets_ = 0;
    append_to_chunks(beginning);
  }
  append_to_chunks(octets);
}

void Body::append_to_chunks(std::string_view octets) {
  while (!octets.empty()) {
    const auto used = static_cast<std::size_t>(memory_octets_ % BodyMemory::chunk_octets);
    if (memory_octets_ == chunks_.size() * BodyMemory::chunk_octets) {
      chunks_.emplace_back();  // first: a chunk that was taken must have its place
      chunks_.back() = memory_->take();
    }
    const auto count = std::min(octets.size(), BodyMemory::chunk_octets - used);
    std::memcpy(chunks_.back().get() + used, octets.data(), count);
    memory_octets_ += count;
    octets.remove_prefix(count);
  }
}

std::vector<std::string_view> Body::memory_pieces() const {
  if (!beginning_.empty()) return {beginning_};
  std::vector<std::string_view> pieces;
  pieces.reserve(chunks_.size());
  auto left = memory_octets_;
  for (const auto& chunk : chunks_) {
    const auto count = std::min<std::uint64_t>(left, BodyMemory::chunk_octets);
    pieces.emplace_back(chunk.get(), static_cast<std::size_t>(count));
    left -= count;
  }
  return pieces;
}

Result<void> Body::spill() {
  if (!spool_) {
    auto created = disk_->create(spool_file_);
    if (!created) return tl::unexpected(created.error());
    spool_ = std::move(*created);
  }
  std::vector<iovec> pieces;
  for (const auto piece : memory_pieces())
    pieces.push_back({const_cast<char*>(piece.data()), piece.size()});
  if (auto wrote = spool_->write_at(pieces, spooled_octets_); !wrote) return wrote;
  spooled_octets_ += memory_octets_;
  release_chunks();
  return {};
}

Result<std::size_t> Body::read_spool(std::span<char> into, std::uint64_t offset) const {
  return spool_->read_at(into, offset);
}

void Body::release_chunks() {
  for (auto& chunk : chunks_)
    memory_->give_back(std::move(chunk));
  chunks_.clear();
  beginning_.clear();
  memory_octets_ = 0;
}

}  // namespace guichet::store
