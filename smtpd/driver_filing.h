// What the log says of a message that was filed, or could not be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "smtpd/envelope.h"
#include "store/error.h"
#include "store/types.h"

namespace guichet::smtpd {

struct Filing {
  std::string client;  // as texts name it
  Envelope envelope;
  store::MessageId id;
  std::uint64_t octets = 0;
  std::size_t recipients = 0;
  store::Result<void> result;
};

// One line, and one more in the counter "smtp.filed".
void note_filing(const Filing& filing);

}  // namespace guichet::smtpd
