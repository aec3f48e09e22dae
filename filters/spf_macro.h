// Macro-strings of SPF (RFC 7208 7): what a domain writes into its record to have the sender, the client or
// the name of HELO put in. Parsed once, with all that can be wrong with it; expanding cannot fail and asks
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "filters/ip_address.h"

namespace guichet::filters {

// RFC 7208 7.1 macro-expand with a letter: "%{d2r-}".
struct SpfMacro {
  char letter = 0;             // lower case
  bool url_escaped = false;    // it was written in upper case (7.3)
  bool reversed = false;       // r
  std::size_t parts_kept = 0;  // the last so many; 0: all
  std::string delimiters;      // "": none was written
  friend bool operator==(const SpfMacro&, const SpfMacro&) = default;
};

using SpfPiece = std::variant<std::string, SpfMacro>;  // %%, %_ and %- are text already

struct SpfMacroString {
  std::vector<SpfPiece> pieces;

  [[nodiscard]] bool mentions(char letter) const;
  friend bool operator==(const SpfMacroString&, const SpfMacroString&) = default;
};

// What is wrong, in words. Every parser is linear in its text.
template <class T>
using SpfParsed = tl::expected<T, std::string>;

// RFC 7208 7.1 domain-spec: ends in a macro, or in a dot and a toplabel. No c, r, t (7.2).
[[nodiscard]] SpfParsed<SpfMacroString> parse_domain_spec(std::string_view text);
// RFC 7208 7.1 macro-string: of a modifier that we do not know, so with every letter there is.
[[nodiscard]] SpfParsed<SpfMacroString> parse_macro_string(std::string_view text);
// RFC 7208 7.1 explain-string: spaces, and c, r, t too.
[[nodiscard]] SpfParsed<SpfMacroString> parse_explain_string(std::string_view text);

// What the letters stand for (RFC 7208 7.2). Octets of strangers, but for the receiver.
struct SpfMacroValues {
  std::string local_part;                  // l
  std::string sender_domain;               // o; s is l, "@", o
  std::string domain;                      // d: that is being evaluated
  IpAddress client;                        // i, v, c
  std::string validated_name = "unknown";  // p (7.3)
  std::string helo;                        // h
  std::string receiver;                    // r
  std::int64_t received_unix_s = 0;        // t
};

inline constexpr std::size_t spf_domain_octets_max = 253;  // RFC 7208 7.3

// A name for a question: without a dot at its end; whole labels are cut off on the left until it fits. "" if
// its last label alone does not fit. Whether it is a name at all is for the caller to see.
[[nodiscard]] std::string expand_domain(const SpfMacroString& spec, const SpfMacroValues& values);

// Ends after `octets_max`.
[[nodiscard]] std::string expand_text(const SpfMacroString& text, const SpfMacroValues& values,
                                      std::size_t octets_max);

// A stranger's text in one of our sentences: shortened, and "?" for what is not printable US-ASCII.
[[nodiscard]] std::string spf_quoted(std::string_view text);

}  // namespace guichet::filters
