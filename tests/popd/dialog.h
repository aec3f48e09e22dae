// A dialog: a text file that a mail person can read, in tests/dialogs/*.pop3.
//
//   # comment                blank lines are skipped too
//   OPTIONS: stls            any of: stls, no-plaintext, tls, too-many-sessions
//   MESSAGE: octets          one message of the maildrop, in order, with escapes; three small ones without
//   any COMMIT: fails            the removal at QUIT cannot be recorded CUTS: none               what arrives
//   together matters here, so the dialog is only run as it stands C: line                  the client says
//   line and CRLF C= octets                the client says these octets, with escapes, and nothing after them
//   S: +OK ...               the server says this line, with escapes; "..." at the end stands for any text
//   TLS                      the handshake, which the server has to be waiting for
//   DELETED: 1 3             what QUIT handed over up to here (without this line: nothing)
//   CLOSED                   the server has closed (without this line: it has not)
//
// Escapes: \r \n \t \0 \\ \xHH, and \{3*ab} for ababab.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "popd/session.h"
#include "tests/popd/fake_driver.h"

namespace guichet::popd {

struct DialogEvent {
  enum class Kind { client, server, handshake, deleted, closed };
  Kind kind;
  std::string text;  // client: octets; server: pattern, still escaped; deleted: numbers, a blank before each
  int line = 0;
};

struct Dialog {
  SessionOptions options;
  FakeMaildrop maildrop;
  bool too_many_sessions = false;
  bool cuts = true;
  std::vector<DialogEvent> events;
};

// Throws std::runtime_error with the line number of what it cannot read.
Dialog read_dialog(const std::filesystem::path& file);

std::string unescape(std::string_view text);

}  // namespace guichet::popd
