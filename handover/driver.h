// The interface of those that push: one message, one attempt, one outcome. POP3 is the other way round, and
// has a room of its own.
#pragma once

#include <stop_token>
#include <string>

#include "store/facts.h"
#include "store/served_message.h"

namespace guichet::handover {

// What a driver may want to know of a message besides its octets.
struct Item {
  store::Uid uid;
  store::MessageId message;
  std::string recipient;
  std::string mail_from;          // "" for the null sender; octets as they came
  bool utf8_declared = false;     // it came with SMTPUTF8
  std::uint64_t size_octets = 0;  // of the served form
  store::Instant delivered;       // the same at each attempt
};

struct Outcome {
  enum class Kind {
    taken,             // it is theirs; said once it would survive a power cut, as far as they say so
    refused_for_now,   // this message, others may fare better
    refused_for_good,  // this message, whatever the number of attempts
    unreachable,       // nobody is there, or the whole of it is out of order
    stopped,           // we were asked to stop: nothing is known
  };
  Kind kind = Kind::taken;
  std::string detail;  // what they said, for the record; any octets

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// The message could not be read on in the middle of it: damage is for good, all else for the moment.
[[nodiscard]] inline Outcome not_readable(const store::Error& why) {
  const bool damaged = why.kind == store::ErrorKind::damaged;
  return {damaged ? Outcome::Kind::refused_for_good : Outcome::Kind::unreachable,
          "not readable: " + why.text};
}

class Driver {
 public:
  virtual ~Driver() = default;

  [[nodiscard]] virtual store::Way way() const = 0;
  [[nodiscard]] virtual std::string target()
      const = 0;  // "https://…", "smtp 127.0.0.1:10025": for records and logs

  // Blocks, at most for the driver's own time limit; returns soon after a stop was requested. The octets are
  // the same at each attempt.
  [[nodiscard]] virtual Outcome hand_over(const Item& item, store::ServedMessage& octets,
                                          const std::stop_token& stop) = 0;
};

}  // namespace guichet::handover
