// Names of domains as mail authentication compares and asks for them. What passes is_domain_name can stand in
// a DNS question, in a header field and on a terminal without quoting: all else is kept away from the three.
#pragma once

#include <string>
#include <string_view>

namespace guichet::filters {

// Labels of 1 to 63 letters, digits, "-" and "_" (RFC 1035 2.3.1, RFC 8553), 253 octets in all, no dot at the
// end. Names of other scripts pass in their "xn--" form only (RFC 5890 2.3.2.1).
[[nodiscard]] bool is_domain_name(std::string_view text);

// The same domain, or one below it. Both in lower case.
[[nodiscard]] bool is_within(std::string_view domain, std::string_view parent);

[[nodiscard]] bool is_dot_atom(std::string_view text);  // RFC 5322 3.2.3, US-ASCII alone

}  // namespace guichet::filters
