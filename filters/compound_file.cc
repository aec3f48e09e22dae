#include "filters/compound_file.h"

#include <cstddef>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

using namespace std::string_view_literals;

constexpr auto signature = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv;  // MS-CFB 2.2
constexpr std::size_t block_octets = 128;

// MS-CFB 2.6.1: a directory entry is its name in UTF-16 (64), the name's size with its final 0 (2), type (1),
// colour (1), and what follows. Names are compared without regard to case (2.6.4).
constexpr auto package_name = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0\0\0"sv;
constexpr std::size_t size_at = 64, type_at = 66, colour_at = 67;
constexpr char stream_type = 2;

bool is_package_entry(std::string_view entry) {
  return entry[size_at] == static_cast<char>(package_name.size()) && entry[size_at + 1] == 0 &&
         entry[type_at] == stream_type && (entry[colour_at] == 0 || entry[colour_at] == 1) &&
         same_letters(entry.substr(0, package_name.size()), package_name);
}

}  // namespace

void CompoundFileMarks::see(std::string_view octets) {
  while (!ended_ && !octets.empty()) {
    const auto piece = octets.substr(0, block_octets - block_.size());
    octets.remove_prefix(piece.size());
    if (piece.size() == block_octets) {
      see_block(piece);
      continue;
    }
    block_ += piece;
    if (block_.size() < block_octets) return;
    see_block(block_);
    block_.clear();
  }
}

void CompoundFileMarks::see_block(std::string_view block) {
  if (at_beginning_)
    ended_ = !block.starts_with(signature);
  else
    ended_ = encrypted_ = is_package_entry(block);
  at_beginning_ = false;
}

}  // namespace guichet::filters
