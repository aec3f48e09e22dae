// Text in unstructured header fields (RFC 2047), and raw octets where there should be none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guichet::filters {

// A field's value decoded to UTF-8 on one line of `octets_max` octets at most. White space between two
// encoded words is left out (RFC 2047 6.2); octets of neighbours in one charset are put together before they
// are converted, since senders cut characters in two, against RFC 2047 5. What is no encoded word stays as
// it is; raw octets above US-ASCII are UTF-8 if they are valid, else windows-1252. Linear in the size.
[[nodiscard]] std::string decoded_words(std::string_view field_value, std::size_t octets_max);

}  // namespace guichet::filters
