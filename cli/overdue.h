// What waits for too long, for a poller or for a person: an alarm, once a day for as long as it lasts.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "store/store.h"

namespace guichet::cli {

// One thread at a time. References must outlive the object.
class Overdue {
 public:
  using Oldest = store::Result<std::optional<store::DeliveryRow>>;
  struct Watch {
    unsigned hours_max = 0;  // 0: never
    std::function<Oldest(store::IndexReader& index)> oldest;
    std::string what, advice;  // "a message for maildrop NAME <what> N hours: <advice>"
  };
  [[nodiscard]] static Watch poller(unsigned hours_max);
  [[nodiscard]] static Watch quarantine(unsigned hours_max);

  Overdue(store::Store& store, store::Clock& clock, Watch watch)
      : store_(store), clock_(clock), watch_(std::move(watch)) {}

  [[nodiscard]] bool is_on() const { return watch_.hours_max > 0; }

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
  const Watch watch_;
  std::optional<store::Instant> said_;
};

}  // namespace guichet::cli
