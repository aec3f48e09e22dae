// The served form: what POP3 and every later hand-over gives out for a UID, for ever the same octets.
//
//   prefix (composed once, stored with the delivery)
//   + the original, with the header fields the gateway owns renamed, and every line end made CRLF
//
// Alaveteli trips over two Envelope-To, takes the sender's Return-Path over ours, and believes any
// Authentication-Results; so inbound copies are renamed to X-Inbound-<name>, in the served form only. The
// archive keeps what came.
//
// Rule 1, complete. The original is read as lines that end at an LF with up to 64 CRs before it, or at a CR
// alone; each end is written as CRLF and a last line without an end gets one; an empty original stays empty.
// (More than one CR before an LF comes from software that made CRLF of CRLF; read as two ends, the second
// line of its header would begin the body. Postfix reads it as one.) White space is space and tab. In the
// header, which ends at the first empty line, a field begins with a name of printable US-ASCII, perhaps white
// space, and a colon, all within 998 octets; a line that begins with white space continues it.
//   - A field whose name is owned (in any case) gets "X-Inbound-" before its name. `X-Guichet-` at the front
//     of a name is owned as a whole. A Message-ID with nothing but white space in it, or in the first 4,096
//     octets of it, continuation lines included, is owned too, a full one never.
//   - Of Auto-Submitted every field after the first is renamed: two make a message that fails for ever.
//   - Before the first field, each line "From …", with up to 993 ">" before it (mbox), becomes a field:
//     "X-Mailbox-Line: " before it, as Postfix does.
//   - White space at the front of the line after those would continue our last field: an empty line goes
//     before it.
//   - A line that is no field and no continuation begins the body: an empty line goes before it, as Postfix
//     does.
// The rule has a version, which the delivery record names: a change of any of this is a new rule beside this
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::store {

inline constexpr int served_rule_latest = 1;

struct ServedRule {
  int version = served_rule_latest;
  std::vector<std::string> owned;  // lower-case field names that are renamed, e.g. "return-path"
  friend bool operator==(const ServedRule&, const ServedRule&) = default;
};

// The fields owned by rule 1 before a site adds its spam header.
[[nodiscard]] std::vector<std::string> owned_fields();

// Turns the original into its served octets, piece by piece, in memory independent of the message's size.
class ServedTransform {
 public:
  using Sink = std::function<void(std::string_view octets)>;  // views live during the call

  explicit ServedTransform(ServedRule rule);
  ~ServedTransform();
  ServedTransform(ServedTransform&&) noexcept;
  ServedTransform& operator=(ServedTransform&&) noexcept;

  void feed(std::string_view original, const Sink& sink);
  void finish(const Sink& sink);

  // Known after finish().
  struct Facts {
    std::uint64_t octets = 0;  // of the transformed original, without the prefix
    std::uint64_t fields_renamed = 0;
    std::uint64_t line_ends_mended = 0;
    bool has_message_id = false;  // one that is not empty
  };
  [[nodiscard]] const Facts& facts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A delivery's frozen description, stored in its record.
struct ServedForm {
  std::string prefix;  // whole header fields, CRLF ends
  ServedRule rule;
  std::uint64_t size_octets = 0;  // prefix and transformed original together
  std::uint64_t fields_renamed = 0;
  std::uint64_t line_ends_mended = 0;
  friend bool operator==(const ServedForm&, const ServedForm&) = default;
};

}  // namespace guichet::store
