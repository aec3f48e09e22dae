// Content-Transfer-Encoding (RFC 2045 6), and uuencode: encoded octets in, decoded octets out in pieces, in
// memory independent of their size.
#pragma once

#include <functional>
#include <string_view>

namespace guichet::filters {

enum class TransferEncoding { identity, base64, quoted_printable, uuencode, unknown };

// "" and 7bit, 8bit, binary are the identity. RFC 2045 6.4: octets in an unknown one are not looked into.
[[nodiscard]] TransferEncoding transfer_encoding(std::string_view lowered_name);

using OctetSink = std::function<void(std::string_view octets)>;  // views live during the call

// All that can be decoded is; false: something could not. Tolerant where readers are:
//   base64: white space is skipped, and so is junk (false); ends at the first "="; what follows is left out
//     (false). A missing "=" is no fault as long as no bits are.
//   quoted-printable: "=" before what is neither a line end nor two digits stays (false); lower-case digits
//     are digits; blanks at the end of a line go.
//   uuencode: from the first "begin" to "end" (false: one of them is missing, or a line is).
//   unknown: the octets as they are, and false.
[[nodiscard]] bool decode(std::string_view encoded, TransferEncoding encoding, const OctetSink& sink);

// Whether a line begins a file in uuencode: "begin 644 name".
[[nodiscard]] bool begins_uuencode(std::string_view line);

}  // namespace guichet::filters
