// What the filters found out about a message: facts, no decision (filters/rules.h decides by what the
// operator wrote). Made in the sandboxed worker, which a hostile message may have taken over: whoever reads
// it outside believes its shape only after findings_json has checked it, and quotes every string.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "filters/names.h"

namespace guichet::filters {

// RFC 8601 2.7: the words of an Authentication-Results field.
enum class AuthResult { none, pass, fail, softfail, policy, neutral, temperror, permerror };
[[nodiscard]] std::string_view name_of(AuthResult result);
[[nodiscard]] std::optional<AuthResult> auth_result_of(std::string_view name);

// RFC 7208 check_host().
struct SpfFinding {
  AuthResult result = AuthResult::none;
  std::string domain;       // that was looked up: of MAIL FROM, or of HELO for the null sender
  bool by_helo = false;     // the identity: smtp.helo, else smtp.mailfrom
  std::string explanation;  // of a fail: the domain's own words (RFC 7208 6.2); of an error: why
  unsigned terms = 0, voids = 0;
  friend bool operator==(const SpfFinding&, const SpfFinding&) = default;
};

// One signature (RFC 6376 6.1), in the order in which they stand.
struct DkimFinding {
  AuthResult result = AuthResult::none;
  std::string domain;     // d=
  std::string selector;   // s=
  std::string identity;   // i=, or "" where it is left out
  std::string algorithm;  // a=
  std::string beginning;  // of b=: enough to tell signatures of one domain apart (RFC 6008)
  unsigned key_bits = 0;  // 0: not known
  bool partial = false;   // l= leaves some of the body unsigned
  bool author = false;    // in alignment with the From address (RFC 7489 3.1.1), relaxed
  std::string why;        // not pass: in words
  friend bool operator==(const DkimFinding&, const DkimFinding&) = default;
};

struct DmarcFinding {
  AuthResult result = AuthResult::none;  // none: no policy is published
  std::string from_domain;               // of the one author; "": none, or several
  std::string policy_domain;             // where the policy was found
  std::string policy;                    // "none", "quarantine", "reject": what the domain asks for
  bool spf_aligned = false, dkim_aligned = false;
  std::string why;
  friend bool operator==(const DmarcFinding&, const DmarcFinding&) = default;
};

// RFC 8601 2.7.3 and 3: the client's address leads to a name that leads back.
struct ReverseFinding {
  AuthResult result = AuthResult::none;  // pass, fail (no name leads back), permerror (no name), temperror
  std::string name;
  friend bool operator==(const ReverseFinding&, const ReverseFinding&) = default;
};

// A part of a message that has no parts itself, or a message in it.
struct PartFinding {
  std::string number;  // "1.2.3": as IMAP counts them (RFC 3501 6.4.5)
  std::string type;    // "application/pdf", lower case; what it says of itself
  std::string name;    // of the file, decoded to UTF-8; "" where it has none
  std::string charset;
  std::string disposition;         // "attachment", "inline", ""
  std::string encoding;            // "base64", ...
  std::uint64_t size_octets = 0;   // decoded
  std::string digest;              // "sha256:…", of the decoded octets
  std::vector<std::string> flags;  // "tnef", "smime-signed", "smime-encrypted", "pgp-signed",
                                   // "pgp-encrypted", "encrypted-archive", "undecodable", "uuencoded", ...
  std::uint64_t offset = 0, length = 0;  // of its encoded octets in the message
  friend bool operator==(const PartFinding&, const PartFinding&) = default;
};

struct MimeFinding {
  std::vector<PartFinding> parts;
  std::string too_complex;  // the limit that was passed, in words: the inventory ends there; "": whole
  // Decoded to UTF-8, on one line, shortened to 1,000 octets each.
  std::string subject, from, to, date, message_id, in_reply_to, auto_submitted;
  std::string message_class;  // "ordinary", "bounce" (RFC 3464), "auto-reply" (RFC 3834), "out-of-office",
                              // "delivery-report", "disposition" (RFC 8098)
  friend bool operator==(const MimeFinding&, const MimeFinding&) = default;
};

// A question that a result rests on, with its answer, as it was at the time: selectors rotate.
struct DnsEvidence {
  NameQuestion question;
  NameAnswer answer;
  friend bool operator==(const DnsEvidence&, const DnsEvidence&) = default;
};

struct Findings {
  // What was not looked into stays empty.
  std::optional<SpfFinding> spf;
  std::vector<DkimFinding> dkim;
  bool dkim_done = false;      // then an empty `dkim` means: no signature
  unsigned dkim_left_out = 0;  // signatures beyond the limit
  std::optional<DmarcFinding> dmarc;
  std::optional<ReverseFinding> reverse;
  std::optional<MimeFinding> mime;
  std::vector<std::string> errors;  // "mime: worker died by signal 11": what could not be found out, and why
  std::vector<DnsEvidence> dns;     // kept by the parent, which asked
  friend bool operator==(const Findings&, const Findings&) = default;
};

// What is known of a message apart from its octets.
struct Envelope {
  std::string client;     // "192.0.2.1"; "": not known
  std::string helo;       // octets of strangers
  std::string mail_from;  // "": the null sender
  std::string hostname;   // ours
  std::int64_t received_unix_s = 0;
};

}  // namespace guichet::filters
