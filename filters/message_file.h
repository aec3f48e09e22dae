// A message in a file of its own that nobody can change any more: what a worker is given, by descriptor, and
// maps. Small ones are in memory (a sealed memfd), larger ones in a file without a name in a folder of the
// gateway's, which is open for reading only once it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/descriptor.h"

namespace guichet::filters {

class MessageFile {
 public:
  // For reading; it has no position that means anything: use pread() or mmap(). Ours as long as we live.
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  [[nodiscard]] std::uint64_t size_octets() const { return size_octets_; }

 private:
  friend class MessageFileWriter;
  MessageFile(Descriptor descriptor, std::uint64_t size_octets)
      : descriptor_(std::move(descriptor)), size_octets_(size_octets) {}

  Descriptor descriptor_;
  std::uint64_t size_octets_;
};

struct MessageFileOptions {
  std::uint64_t memory_octets_max = 4 << 20;
  std::filesystem::path folder = {};  // for what is larger; on a disk, not in memory
};

// Takes a message in pieces. After an error nothing else may be called; there is nothing to clean up.
class MessageFileWriter {
 public:
  explicit MessageFileWriter(MessageFileOptions options) : options_(std::move(options)) {}

  [[nodiscard]] tl::expected<void, std::string> append(std::string_view octets);
  [[nodiscard]] tl::expected<MessageFile, std::string> finish();  // once, at the end

 private:
  [[nodiscard]] tl::expected<void, std::string> make_room(std::uint64_t size_octets);
  [[nodiscard]] tl::expected<void, std::string> move_to_disk();

  MessageFileOptions options_;
  Descriptor file_;
  bool on_disk_ = false;
  std::uint64_t size_octets_ = 0;
};

// The same in one piece.
[[nodiscard]] tl::expected<MessageFile, std::string> message_file(std::string_view octets,
                                                                  MessageFileOptions options = {});

}  // namespace guichet::filters
