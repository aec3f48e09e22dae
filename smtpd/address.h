// Reverse-path and forward-path (RFC 5321 4.1.2), read with the tolerance of Postfix 3.7: brackets may be
// missing or doubled, a display name and a source route (RFC 5321 F.2) are skipped, 8-bit octets pass.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace guichet::smtpd {

// A mailbox as the client wrote it. The parts are octets, not text: nothing here is validated as UTF-8.
struct Path {
  std::string local_part;  // unquoted: "a b"@x has local part `a b`
  std::string
      domain;  // as written, less a final dot; address literals keep their brackets; empty: none given
  std::string written;  // the address between the brackets, source route removed; for replies and records

  [[nodiscard]] bool null() const { return local_part.empty() && domain.empty(); }
  friend bool operator==(const Path&, const Path&) = default;
};

struct PathParse {
  Path path;
  std::size_t consumed = 0;  // octets of the argument that were the path; ESMTP parameters follow
};

// nullopt: no path can be read here (501 5.1.3 / 5.1.7). Lengths: local part 64, domain 255, path 256
// octets are what RFC 5321 4.5.3.1 asks for; longer ones up to the command limit are accepted as Postfix
// does. A Path that was read is read again, equal, from "<" + written + ">".
[[nodiscard]] std::optional<PathParse> parse_path(std::string_view argument);

// `Postmaster` without a domain is valid as a forward-path (RFC 5321 4.1.1.3), in any case of letters.
[[nodiscard]] bool is_bare_postmaster(const Path& path);

}  // namespace guichet::smtpd
