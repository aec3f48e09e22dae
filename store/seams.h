// Time and chance come in from outside: nothing in this room calls now() or a random generator by itself.
#pragma once

#include <functional>
#include <memory>

#include "store/types.h"

namespace guichet::store {

// Thread-safe, both.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() = 0;
};

class IdSource {
 public:
  virtual ~IdSource() = default;
  // Version 7 of RFC 9562: never the same twice; each sorts after those minted before it, unless the
  // clock was set back by a second or more meanwhile.
  [[nodiscard]] virtual Uuid mint(Instant now) = 0;
};

[[nodiscard]] std::unique_ptr<Clock> real_clock();
[[nodiscard]] std::unique_ptr<IdSource> random_ids();

// Something an operator must know: damage, a disk that failed. One line, no personal data.
using Alarm = std::function<void(const std::string& text)>;

}  // namespace guichet::store
