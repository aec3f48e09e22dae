// Dates as mail writes them: header fields (RFC 5322 3.3) and the From_ lines of an mbox (RFC 4155).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/types.h"

namespace guichet::cli {

// "Tue, 3 Oct 2012 16:39:38 +0100 (BST)"; without the day of the week or the seconds, with a zone of letters
// (RFC 5322 4.3) or none (then UTC), with a year of two digits. Also the value of a Received field: the date
// is what follows its last semicolon.
[[nodiscard]] std::optional<store::Instant> parse_mail_date(std::string_view text);

// "From a@b.example Wed Oct  3 16:39:35 2012", read as UTC (RFC 4155); nullopt: this line begins no message.
[[nodiscard]] std::optional<store::Instant> parse_from_line(std::string_view line);
// Its second word: the envelope sender; "" for MAILER-DAEMON and for what says nothing.
[[nodiscard]] std::string sender_of_from_line(std::string_view line);
// Such a line, without its end. Blanks and control characters of the sender become '-'.
[[nodiscard]] std::string from_line(std::string_view sender, store::Instant at);

}  // namespace guichet::cli
