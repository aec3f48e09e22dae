// The structure of a message (RFC 2045, RFC 2046): which parts it has and where their octets are. Knows
// headers and boundaries; does not look into a part.
//
// Iterative, and linear in the size of the message: a line is compared with all open boundaries at once, so
// that depth does not multiply work; a header is read twice. Memory is bounded by the limits below. Nothing
// is copied but what stands in an Entity.
//
// Where the octets are ambiguous:
//   - Of two open multiparts with one boundary, the inner one has it.
//   - A boundary of an outer multipart ends the inner ones, whether or not they ended (RFC 2046 5.1.2).
//   - A multipart without a usable boundary, or in which its boundary never comes, is one part as a whole.
//   - A nested message in base64 or quoted-printable, against RFC 2046 5.2.1, is a part that is not looked
//     into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::filters {

struct WalkLimits {
  std::size_t depth_max = 100;  // of multiparts and messages in each other
  std::size_t parts_max = 10'000;
  std::size_t boundary_octets_max = 70;         // RFC 2046 5.1.1
  std::size_t detail_octets_max = 1024 * 1024;  // of all numbers, types, names together
};                                              // and those of filters/message.h and mime_grammar.h

// What surrounds a part, however far out (RFC 1847, RFC 3156, RFC 8551 3.5).
struct Protection {
  bool pgp_signed = false, pgp_encrypted = false, smime_signed = false;
};

struct Entity {
  enum class Kind { leaf, message, multipart };
  Kind kind = Kind::leaf;
  // As in PartFinding.
  std::string number = {}, type = {}, name = {}, charset = {}, disposition = {}, encoding = {};
  std::string smime_type = {};  // RFC 8551 3.2.2, lower case
  Protection protection = {};
  std::size_t offset = 0, length = 0;  // its encoded octets
};

struct Walk {
  std::vector<Entity> entities;  // leaves and messages, in their order
  std::string too_complex;       // in words; the walk ended there, and what was not whole yet is left out
};

[[nodiscard]] Walk walk(std::string_view octets, const WalkLimits& limits = {});

}  // namespace guichet::filters
