#include "store/line_ends.h"

#include <cstring>

namespace guichet::store {

namespace {

// CR and LF are looked for a piece at a time: a search for the one through a long text that holds only the
// other would be repeated for each line of it.
constexpr std::size_t piece_octets = 256;

// Octets before the first `wanted`, or all.
std::size_t octets_before(std::string_view text, char wanted) {
  const void* found = text.empty() ? nullptr : std::memchr(text.data(), wanted, text.size());
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.size();
}

// Whether the octet at `at` agrees with the one before it: LF comes after CR, and nothing else does.
bool agrees(const char* at) {
  return (at[-1] == '\r') == (at[0] == '\n');
}

// The same for a block of fixed size, without a branch in it: compilers make a few vector instructions of it.
constexpr std::size_t block_octets = 64;
bool block_agrees(const char* block) {
  unsigned char differ = 0;
  for (std::size_t i = 0; i < block_octets; ++i) {
    const char* at = block + i;
    differ |= static_cast<unsigned char>((at[-1] == '\r') ^ (at[0] == '\n'));
  }
  return differ == 0;
}

}  // namespace

std::size_t line_octets(std::string_view text) {
  for (std::size_t from = 0; from < text.size(); from += piece_octets) {
    const std::string_view piece = text.substr(from, piece_octets);
    const std::size_t before = octets_before(piece.substr(0, octets_before(piece, '\n')), '\r');
    if (before < piece.size()) return from + before;
  }
  return text.size();
}

std::size_t clean_octets(std::string_view text) {
  if (text.empty() || text.front() == '\n') return 0;
  const char* const begin = text.data();
  std::size_t i = 1;
  while (text.size() - i >= block_octets && block_agrees(begin + i))
    i += block_octets;
  while (i < text.size() && agrees(begin + i))
    ++i;
  // Whether alone or last, a CR is left for the caller to judge.
  return begin[i - 1] == '\r' ? i - 1 : i;
}

}  // namespace guichet::store
