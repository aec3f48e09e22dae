// The octets of one message on their way in: in memory at first, in a spool file once they are many.
//
// Memory comes in chunks from one pool, so that a thousand messages of a megabyte do not mean a thousand
// trips to mmap, and so that there is one number to bound: BodyMemory::in_use(). The first few octets of a
// body that drips in take no chunk: thousands of slow senders would hold all of them, and put off everybody
// else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk.h"
#include "store/error.h"

namespace guichet::store {

// Thread-safe. Outlives every Body made from it.
class BodyMemory {
 public:
  static constexpr std::size_t chunk_octets = 32 * 1024;
  using Chunk = std::unique_ptr<char[]>;

  explicit BodyMemory(std::uint64_t octets_max) : octets_max_(octets_max) {
    idle_.reserve(kept_max);  // to give back must not need memory
  }

  [[nodiscard]] Chunk take();
  void give_back(Chunk chunk);
  [[nodiscard]] std::uint64_t in_use() const;
  [[nodiscard]] std::uint64_t octets_max() const { return octets_max_; }

 private:
  static constexpr std::size_t kept_max = 2048;  // 64 MiB of idle chunks at most

  const std::uint64_t octets_max_;
  mutable std::mutex mutex_;
  std::vector<Chunk> idle_;
  std::uint64_t in_use_ = 0;
};

// One owner at a time; moved from the session to the writer. The spool file dies with the object.
class Body {
 public:
  Body(BodyMemory& memory, Disk& disk, std::string spool_file);
  ~Body();
  Body(Body&& other) noexcept;
  Body& operator=(Body&& other) noexcept;  // swaps

  static constexpr std::size_t beginning_octets_max = 1024;

  void append(std::string_view octets);  // into memory
  // Moves what is in memory to the end of the spool file. Blocks on the disk: not for an I/O thread.
  [[nodiscard]] Result<void> spill();
  void drop() { release_chunks(); }  // what is in memory: the message will not be filed

  [[nodiscard]] std::uint64_t size() const { return spooled_octets_ + memory_octets_; }
  [[nodiscard]] std::uint64_t memory_octets() const { return memory_octets_; }
  [[nodiscard]] bool spooled() const { return spool_ != nullptr; }

  // The octets in memory, in order, after those in the spool file.
  [[nodiscard]] std::vector<std::string_view> memory_pieces() const;
  [[nodiscard]] std::uint64_t spooled_octets() const { return spooled_octets_; }
  [[nodiscard]] Result<std::size_t> read_spool(std::span<char> into, std::uint64_t offset) const;

 private:
  void append_to_chunks(std::string_view octets);
  void release_chunks();

  BodyMemory* memory_;
  Disk* disk_;
  std::string spool_file_;  // not a path: few bodies need it, and cutting one up costs more than the rest
  std::unique_ptr<File> spool_;
  std::uint64_t spooled_octets_ = 0;
  std::string beginning_;  // while there is less than beginning_octets_max, all there is in memory
  std::vector<BodyMemory::Chunk> chunks_;
  std::uint64_t memory_octets_ = 0;
};

}  // namespace guichet::store
