// An SPF record (RFC 7208 12) as terms, with everything that can be wrong with it found before any of it is
// evaluated: an error anywhere is the result, also behind the mechanism that would have matched (4.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/findings.h"
#include "filters/ip_address.h"
#include "filters/spf_macro.h"

namespace guichet::filters {

enum class SpfMechanism : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

// RFC 7208 4.6.1 directive
struct SpfDirective {
  SpfMechanism mechanism = SpfMechanism::all;
  AuthResult if_matched = AuthResult::pass;  // its qualifier: pass, fail, softfail, neutral
  std::optional<SpfMacroString> domain;      // of include and exists always; none: the current domain
  IpAddress network;                         // of ip4 and ip6
  unsigned ip4_bits = 32, ip6_bits = 128;    // that are compared: its cidr-length
};

struct SpfRecord {
  std::vector<SpfDirective> directives;       // in their order
  std::optional<SpfMacroString> redirect;     // RFC 7208 6.1
  std::optional<SpfMacroString> explanation;  // exp, RFC 7208 6.2
};

// RFC 7208 4.5: begins with "v=spf1", in any case, and then a space or the end. Other records are ignored.
[[nodiscard]] bool is_spf_record(std::string_view text);

// DNS cannot carry more in one answer.
inline constexpr std::size_t spf_record_octets_max = 65'535;

// Of a text that is_spf_record(). Linear in its size. The error says which term is wrong, and why.
[[nodiscard]] SpfParsed<SpfRecord> parse_spf_record(std::string_view text);

}  // namespace guichet::filters
