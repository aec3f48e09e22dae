// Which messages `list` is asked for.
#pragma once

#include <string>

#include "cli/message_facts.h"
#include "cli/period.h"

namespace guichet::cli {

// Whether a text of a stranger holds one of an operator; letters of ASCII in either case are the same.
[[nodiscard]] bool holds(const std::string& whole, const std::string& part);

// An empty text wants all.
struct Wanted {
  Period period;
  std::string sender;     // part of MAIL FROM
  std::string recipient;  // part of an address that it was accepted for
  std::string state;      // of a delivery (name_of); "none": it has no delivery yet

  [[nodiscard]] bool wants(const MessageFacts& facts) const;
};

}  // namespace guichet::cli
