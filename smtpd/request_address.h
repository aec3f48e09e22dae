// Alaveteli's request addresses: "request-<id>-<hash>", the hash being the first 8 hexadecimal digits of
// SHA-1 over the decimal id followed by the site's secret. Read with Alaveteli's own tolerance, no more and
// no less.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guichet::smtpd {

// The hash for an id: 8 lower-case hexadecimal digits.
[[nodiscard]] std::string request_hash(std::uint64_t id, std::string_view secret);

// The request that Alaveteli would find for this address by its exact match: anywhere in the address, in any
// case of letters, with `l` read as 1 and `o` as 0 in the hash. Compared in constant time.
[[nodiscard]] std::optional<std::uint64_t> exact_request(std::string_view address, std::string_view secret);

}  // namespace guichet::smtpd
