#include "filters/scanner.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace guichet::filters {

std::optional<std::size_t> read_at(const OpenMessage& message, std::span<char> into, std::uint64_t offset) {
  if (offset > message.size_octets) return std::nullopt;
  const auto wanted = std::min<std::uint64_t>(into.size(), message.size_octets - offset);
  std::size_t have = 0;
  while (have < wanted) {
    const auto got = ::pread(message.descriptor, into.data() + have, static_cast<std::size_t>(wanted) - have,
                             static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

std::string_view name_of(Unscanned::Kind kind) {
  switch (kind) {
    case Unscanned::Kind::down:
      return "down";
    case Unscanned::Kind::timed_out:
      return "timed out";
    case Unscanned::Kind::nonsense:
      return "nonsense";
    case Unscanned::Kind::declined:
      return "declined";
    case Unscanned::Kind::too_large:
      return "too large";
    case Unscanned::Kind::not_asked:
      return "not asked";
    case Unscanned::Kind::unreadable:
      break;
  }
  return "unreadable";
}

std::string printable(std::string_view octets, std::size_t octets_max) {
  std::string text(octets.substr(0, octets_max));
  std::ranges::replace_if(
      text, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return text;
}

}  // namespace guichet::filters
