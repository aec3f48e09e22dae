// A stretch of time, as commands are told it, and the messages that were received in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/index.h"

namespace guichet::cli {

struct Period {
  store::Instant since{INT64_MIN}, until{INT64_MAX};
  [[nodiscard]] bool holds(store::Instant at) const { return since <= at && at < until; }
};

// "" leaves that end open. absent: one of them is no time (moment.h).
[[nodiscard]] store::Result<Period> period_of(const std::string& since, const std::string& until);

// Oldest first. Looks at all messages: ids are of the time at which a message began, not of its end.
[[nodiscard]] store::Result<std::vector<store::MessageRow>> received_in(store::IndexReader& index,
                                                                        const Period& period);

}  // namespace guichet::cli
