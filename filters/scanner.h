// What the scanners outside (rspamd, clamd) have in common: what they are given, and that a message which was
// not scanned is never taken for one in which nothing was found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace guichet::filters {

// The message as it came: an open file of which octets 0 to size_octets are read, by offset. Whoever asks
// keeps it open; several may read it at the same time.
struct OpenMessage {
  int descriptor = -1;
  std::uint64_t size_octets = 0;
};

// Fills `into` from `offset`, less only at the message's end. Nothing: it cannot be read, or is shorter than
// was said.
[[nodiscard]] std::optional<std::size_t> read_at(const OpenMessage& message, std::span<char> into,
                                                 std::uint64_t offset);

struct Unscanned {
  enum class Kind {
    down,        // nobody there, or gone before its answer
    timed_out,   // no whole answer before the deadline
    nonsense,    // an answer that is none
    declined,    // it answered that it did not, or could not, look at this message
    too_large,   // for our limit, or for one of its own
    not_asked,   // too much went wrong lately (circuit_breaker.h)
    unreadable,  // our own fault: the message's file
  };
  Kind kind = Kind::down;
  std::string why;  // one line for people, printable
};
[[nodiscard]] std::string_view name_of(Unscanned::Kind kind);  // "timed out"

template <class Verdict>
using Scan = tl::expected<Verdict, Unscanned>;

[[nodiscard]] inline tl::unexpected<Unscanned> unscanned(Unscanned::Kind kind, std::string why) {
  return tl::unexpected<Unscanned>(Unscanned{kind, std::move(why)});
}

// Printable US-ASCII; any other octet becomes "?". What is longer is cut.
[[nodiscard]] std::string printable(std::string_view octets, std::size_t octets_max);

}  // namespace guichet::filters
