// The words of SMTP: command lines and ESMTP parameters, without any state. Views are into the line given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "smtpd/reply.h"

namespace guichet::smtpd {

enum class Verb {
  kHelo,
  kEhlo,
  kMail,
  kRcpt,
  kData,
  kRset,
  kNoop,
  kVrfy,
  kHelp,
  kQuit,
  kStartTls,
  kBdat,
  kXclient,
  kXforward,
  kNotImplemented,  // known, and not spoken here: 502
  kUnknown,         // 500
  kNotSmtp,         // HTTP, a header line, TLS without STARTTLS: the peer takes us for something else
};

enum class ArgumentRule { kNone, kOptional, kRequired };

// One row of the command table. All flags of a verb are here, nothing else asks which verb it is.
struct VerbRow {
  std::string_view name;
  Verb verb;
  ArgumentRule argument;
  bool idle;                // moves no mail: SessionLimits::idle_commands_max
  std::string_view syntax;  // for the 501
};

struct Command {
  const VerbRow* row;         // of the static table
  std::string_view argument;  // blanks around it removed

  [[nodiscard]] bool argument_fits() const;
};

// The line without its line end. Every line is a command, if only kUnknown.
[[nodiscard]] Command parse_command(std::string_view line);

// True for octets that no command has: NUL, ESC and so on. HTAB is a blank here, 8-bit octets are allowed.
[[nodiscard]] bool has_control_octets(std::string_view line);

// What follows `FROM:` or `TO:`; nullopt when the argument does not begin so.
[[nodiscard]] std::optional<std::string_view> after_keyword(std::string_view argument,
                                                            std::string_view keyword);

struct ChunkSize {
  std::uint64_t octets = 0;  // past 64 bits: the largest number
  bool last = false;
};

// The argument of BDAT (RFC 3030 2): digits, and perhaps LAST. nullopt for anything else.
[[nodiscard]] std::optional<ChunkSize> parse_chunk_size(std::string_view argument);

struct MailParameters {
  std::uint64_t size_declared = 0;  // 0: not declared; past 64 bits: the largest number
  bool body_8bitmime = false;
  bool smtputf8 = false;
};

// The text after the path of MAIL. Keywords in any case; of two the same the last counts, as in Postfix.
// The Reply is the refusal: 501 for a value that is malformed, 555 for what is not known.
[[nodiscard]] tl::expected<MailParameters, Reply> parse_mail_parameters(std::string_view text);

// The text after the path of RCPT: nothing in it is acted on, so only a refusal can come back.
[[nodiscard]] std::optional<Reply> refuse_rcpt_parameters(std::string_view text);

}  // namespace guichet::smtpd
