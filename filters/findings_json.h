// Findings as JSON: on the wire from a worker, which may send anything, and in the archive.
//
// One object with a member for each member of Findings and of what is in it, under the same name and in the
// same order; what is empty, false or 0 is left out, `result` never. A piece of the findings is an object
// with that piece only. Texts are UTF-8, in full or cut at 4,096 octets (names at 1,024, the records of an
// answer at 65,536):
//
//   {"spf":{"result":"pass","domain":"example.fr","terms":2},
//    "dkim":[{"result":"pass","domain":"example.fr","selector":"a","key_bits":2048,"author":true}],
//    "dkim_done":true,
//    "mime":{"parts":[{"number":"1","type":"text/plain","size_octets":7}],"subject":"Re: …"},
//    "dns":[{"name":"example.fr","type":"TXT","outcome":"found","records":["v=spf1 mx -all"]}]}
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/findings.h"

namespace guichet::filters {

inline constexpr std::size_t parts_max = 10'000;
inline constexpr std::size_t signatures_max = 5;
inline constexpr std::size_t errors_max = 32;
inline constexpr std::size_t evidence_max = 64;

[[nodiscard]] std::string encode_findings(const Findings& findings);
// Every shape, word, length and count is checked. The error names the member, and quotes nothing.
[[nodiscard]] tl::expected<Findings, std::string> decode_findings(std::string_view json);

// Adds what a worker found to what is known. False: it says again what it has said, and nothing is added.
[[nodiscard]] bool add_findings(Findings& to, Findings piece);

}  // namespace guichet::filters
