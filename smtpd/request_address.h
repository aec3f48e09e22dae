// Alaveteli's request addresses: "request-<id>-<hash>", the hash being the first 8 hexadecimal digits of
// SHA-1 over the decimal id followed by the site's secret. Read with Alaveteli's own tolerance, no more and
// no less: neither the prefix nor the domain counts, the first thing of that shape in the address does.
// Pure; an address is octets of any length and kind, and is read in time linear in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guichet::smtpd {

// The hash for an id: 8 lower-case hexadecimal digits.
[[nodiscard]] std::string request_hash(std::uint64_t id, std::string_view secret);

// The request that Alaveteli would find for this address by its exact match: anywhere in the address, in any
// case of letters, with `l` read as 1 and `o` as 0 in the hash. Compared in constant time. An empty secret
// is none: nothing matches.
[[nodiscard]] std::optional<std::uint64_t> exact_request(std::string_view address, std::string_view secret);

// What Alaveteli takes out of an address that is no exact match, to look for requests that come near.
struct RequestGuess {
  bool has_shape = false;           // "request-<word>-<word>" is in it
  std::optional<std::uint64_t> id;  // the number as it was written or meant; none: not to be read
  std::string hash;  // lower case, l and o read as digits; "": the address is too short for one

  // It may be a request address, mistyped: it has the shape, or its last part looks like a hash.
  [[nodiscard]] bool promising() const;
};
[[nodiscard]] RequestGuess guess_request(std::string_view address);

}  // namespace guichet::smtpd
