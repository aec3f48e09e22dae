// A body on its way in, from the answer to DATA or to the first BDAT to its end: how much of it there is,
// what its line ends are like, and with that why it will not be filed. It keeps none of the octets.
#pragma once

#include <cstdint>
#include <string_view>

#include "smtpd/data_reader.h"

namespace guichet::smtpd {

// What a CR or an LF that is no part of a CRLF means for a body (RFC 5321 2.3.8 forbids them to senders).
// Kept: an old scanner at a town hall must get through, and what it sent is evidence as it came.
// kAny: a stray dot line is content too, for whoever must not be refused.
enum class LineEndings { kKeep, kStrict, kAny };

// In the order in which one is named when there are several.
enum class Flaw { kNone, kAmbiguousDotLine, kTooLarge, kBareLineEnd };

class IncomingBody {
 public:
  // How the end is known: by CRLF.CRLF, or because the client counts the octets and says which are the last.
  enum class Framing { kDots, kChunks };

  IncomingBody(Framing framing, std::uint64_t octets_max, LineEndings line_endings)
      : framing_(framing), octets_max_(octets_max), line_endings_(line_endings) {}

  // kDots: as DataReader::next(), whose dot lines are ambiguous when another server may have seen an end
  // there.
  [[nodiscard]] DataReader::Piece next(std::string_view input);

  // kChunks: octets of the body. A dot means nothing in them, to nobody.
  void take(std::string_view octets);
  // kChunks: they were the last.
  void end();

  [[nodiscard]] Flaw flaw() const;
  [[nodiscard]] Framing framing() const { return framing_; }
  [[nodiscard]] bool ended() const { return ended_; }

  // A flaw was found and the driver knows that what it got is void.
  bool discarded = false;

 private:
  Framing framing_;
  std::uint64_t octets_max_;
  LineEndings line_endings_;
  DataReader reader_;
  std::uint64_t octets_ = 0;
  bool ended_ = false;
  bool bare_ = false;      // a CR or an LF was
  bool after_cr_ = false;  // the last octet was a CR
};

}  // namespace guichet::smtpd
