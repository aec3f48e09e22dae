// What waits for too long: an alarm, once a day for as long as it lasts.
#pragma once

#include <optional>
#include <string>

#include "store/store.h"

namespace guichet::cli {

// One thread at a time. References must outlive the object.
class Overdue {
 public:
  // `hours_max`: 0 for never.
  Overdue(store::Store& store, store::Clock& clock, unsigned hours_max)
      : store_(store), clock_(clock), hours_max_(hours_max) {}

  struct Alarm {
    store::MessageId message;
    std::string text;
  };
  // What is to be said now; mostly nothing. What is stuck had an alarm of its own. A detached copy hands
  // nothing over, so there nothing is late.
  [[nodiscard]] std::optional<Alarm> look();

 private:
  [[nodiscard]] bool said_today(store::Instant now) const;

  store::Store& store_;
  store::Clock& clock_;
  const unsigned hours_max_;
  std::optional<store::Instant> said_;
};

}  // namespace guichet::cli
