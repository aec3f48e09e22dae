// What the header of a part says of it (RFC 2045, RFC 2183).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "filters/message.h"

namespace guichet::filters {

struct PartHeader {
  std::string type;  // RFC 2045 5.2: of a type that follows no grammar, text/plain
  std::string name, charset, disposition, encoding;
  std::string boundary;                           // exact octets
  std::string protocol, report_type, smime_type;  // lower case
  bool too_many_parameters = false;

  [[nodiscard]] bool is_multipart() const { return type.starts_with("multipart/") && !boundary.empty(); }
  // RFC 2046 5.2.1, RFC 6532 3.7; in an encoding it cannot be walked over where it stands.
  [[nodiscard]] bool is_message() const;
};

// `default_type` is meant where no Content-Type is (RFC 2046 5.1.5). The first field of a name counts.
[[nodiscard]] PartHeader read_part_header(const Message& message, std::string_view default_type);

// The header of a message, of which no more is looked at than it takes to see that it is too large. `body` is
// of no use.
[[nodiscard]] Message split_header(std::string_view octets);

// Which limit of filters/message.h the header passes, in words; "": none.
[[nodiscard]] std::string header_limit_passed(const Message& message);

}  // namespace guichet::filters
