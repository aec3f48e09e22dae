// Text of strangers as UTF-8 that can be shown: any charset in, valid UTF-8 out, never a failure.
// One thread at a time: a converter has a state, and there is one of each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guichet::filters {

// Opens every converter that will ever be used. glibc reads them from files, and in the sandbox no file can
// be opened; so the worker calls this before it goes in. Elsewhere the first conversion does it.
void prepare_charsets();

// `charset` in any case, "" where none is named. What it cannot mean becomes U+FFFD; of a charset that is not
// known, all but US-ASCII. Named none or US-ASCII, octets above that are UTF-8 if they are valid, else
// windows-1252. Ends after `octets_max` octets or a few more, at a whole character.
[[nodiscard]] std::string to_utf8(std::string_view octets, std::string_view charset, std::size_t octets_max);

// Valid UTF-8 on one line: what is a control, or turns the direction of writing (a file name that reads
// "exe.pdf" backwards), becomes a space or U+FFFD; trimmed; not more than `octets_max` octets. What is not
// UTF-8 becomes U+FFFD.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t octets_max);

// How many octets the UTF-8 character at `at` has; 0: none is there (RFC 3629 section 4).
[[nodiscard]] std::size_t utf8_octets(std::string_view text, std::size_t at);

}  // namespace guichet::filters
