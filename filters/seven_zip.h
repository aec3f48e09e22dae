// 7z archives (7zFormat.txt of the LZMA SDK): whether one needs a password, as far as its header is plain.
//
// The list at the end of an archive names what its contents are packed with. It is plain for one file, and
// for more with -mhc=off; else it is packed itself, by LZMA, which is not undone here: of several files with
// a password, the list packed and not encrypted, nothing can be told. Where the list is encrypted too
// (-mhe=on), what stands in its place says so. Not seen either: an archive behind a program that unpacks it,
// and a volume without the list. Checksums are not compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace guichet::filters {

// Sees the octets of one part, in pieces, once; of the list it keeps the first 16 KiB.
class SevenZipMarks {
 public:
  void see(std::string_view octets);

  // False for what is no 7z archive, or one whose list has not been seen.
  [[nodiscard]] bool encrypted() const;

 private:
  std::string start_;                // the signature header, as much as there is of it
  std::uint64_t packed_octets_ = 0;  // between it and the list, so far
  std::string list_;
};

}  // namespace guichet::filters
