// Whom a message says it is from: the one domain of its From field, on which DMARC rests (RFC 7489 6.6.1).
//
// The reader is strict on purpose. A mail program, Alaveteli and a mail filter each read a crooked From field
// in their own way, and a sender who makes two of them see different domains has forged one. So whatever can
// be read in two ways has no author here: DMARC does not pass then, and nobody is refused for it.
#pragma once

#include <string>
#include <string_view>

#include "filters/message.h"

namespace guichet::filters {

struct Author {
  std::string domain;  // lower case, the name of a domain; "": there is no one author domain
  std::string why;     // there is none, in our own words
  friend bool operator==(const Author&, const Author&) = default;
};

// Of the message's From field, if it has exactly one and its addresses have one domain.
[[nodiscard]] Author author_of(const Message& message);

// Of the value of a From field: a mailbox-list of RFC 5322 3.4, without what RFC 5322 4.4 calls obsolete
// (routes, white space and comments inside an address, empty members), without groups (RFC 6854) and domain
// literals. Comments may stand around an address. Linear in its size.
[[nodiscard]] Author author_of_field(std::string_view value);

}  // namespace guichet::filters
