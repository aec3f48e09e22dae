// A dialog between a client and the session, as text that a mail person can read. One line, one statement:
//
//   # a comment
//   SET: starttls no              an option, before anything else (names as in SessionOptions, SessionLimits)
//   FRAMING: whole                run only whole: the rule under test is about what came together
//   C: MAIL FROM:<a@b>            the client sends this and CRLF
//   C= .\n\x00\{3*ab}\r\n         the client sends these octets: \r \n \t \\ \xHH, \{3*ab} is ababab
//   S: 250 2.1.0 Ok               the server answers this line; ... at the end stands for anything
//   TLS                           the handshake that the server waits for succeeds
//   BODY: Subject: x\r\n          the next message that was filed, octet for octet, with the same escapes
//   STORED: 1                     so many have been filed until now
//   CLOSED                        the server has closed and said nothing more
//
// C lines without an S between them are pipelined: they arrive together. After the last line nothing may be
// left unsaid, and the session must still be open unless CLOSED was the last line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "smtpd/session.h"

namespace guichet::smtpd::test {

struct Statement {
  enum class Kind { kClient, kServer, kTls, kBody, kStored, kClosed };
  Kind kind;
  std::string text;  // escapes undone
  std::size_t line;  // in the file
};

struct Dialog {
  SessionOptions options;
  bool whole_only = false;
  std::vector<Statement> statements;

  [[nodiscard]] std::size_t client_octets() const;
};

// How the client's octets arrive.
struct Framing {
  std::size_t cut = 0;          // a pause after so many octets of the dialog; 0: none
  bool octet_by_octet = false;  // a pause after each
};

// Throws std::runtime_error with the place of what it does not understand.
[[nodiscard]] Dialog read_dialog(const std::filesystem::path& file);

// nullopt when all came as written, else what did not and where.
[[nodiscard]] std::optional<std::string> play(const Dialog& dialog, Framing framing);

}  // namespace guichet::smtpd::test
