// A message that was filed and has no delivery yet for some of its recipients: because it is judged first, or
// because a crash came between. Everything that is needed is in the archive, so both ways are one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpd/envelope.h"
#include "smtpd/intake.h"
#include "store/store.h"

namespace guichet::smtpd {

// What became of a message at the filters, in the terms of its deliveries.
struct Judgement {
  std::string by;
  std::string findings =
      {};  // a JSON object, kept with the message; "": it was not judged, and nothing is kept
  std::string fields = {};  // whole header fields with CRLF ends, for every delivery's prefix
  std::vector<std::string> owned =
      {};                       // names of such fields, lower case, of which inbound copies are renamed
  std::string quarantine = {};  // why its deliveries are kept from their maildrops; "": they are not
};

// Blocks on the disk. One thread at a time.
class Undelivered {
 public:
  // damaged: the archive does not hold what was received.
  [[nodiscard]] static store::Result<Undelivered> open(Intake& intake, const store::MessageRow& row);

  [[nodiscard]] const store::Received& received() const { return received_; }
  [[nodiscard]] const Envelope& envelope() const { return envelope_; }

  using Sink = std::function<void(std::string_view octets)>;
  // The original, whole, in pieces.
  [[nodiscard]] store::Result<void> read(const Sink& sink) const;

  // For Store::append(), without `done`: what it lacks, and what was found out. No facts at all: it lacks
  // nothing.
  [[nodiscard]] store::Result<store::Append> deliver(const Judgement& judgement) const;

 private:
  Undelivered(Intake& intake, store::Received received, Envelope envelope, store::BodyPlace body);
  [[nodiscard]] store::Result<std::vector<store::Recipient>> lacking() const;

  Intake& intake_;
  store::Received received_;
  Envelope envelope_;
  store::BodyPlace body_;
};

}  // namespace guichet::smtpd
