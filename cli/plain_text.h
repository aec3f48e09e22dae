// Text from strangers on its way to a terminal, and what this program says of its own on standard error.
#pragma once

#include <string>
#include <string_view>

namespace guichet::cli {

// The same text with everything that could move a cursor, ring, colour, reorder or be no text at all as \xNN:
// control characters (C0, DEL, C1), bidirectional controls, line and paragraph separators, octets that are
// not UTF-8, and the backslash itself, so that an escape can only be ours.
[[nodiscard]] std::string plain(std::string_view text);

// "guichet: <text>" as one line on standard error. Returns 1, the exit code of a failure.
int complain(std::string_view text);

// The exit code of a command that was called in a way that makes no sense.
inline constexpr int bad_usage = 2;

// Padded with blanks to `columns` characters.
[[nodiscard]] std::string left(std::string text, std::size_t columns);
[[nodiscard]] std::string right(std::string text, std::size_t columns);

}  // namespace guichet::cli
