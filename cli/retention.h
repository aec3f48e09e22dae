// What the gateway erases by itself each day: mail that has stayed for as long as its site keeps it.
#pragma once

#include <stop_token>

#include "conf/settings.h"
#include "store/retention.h"

namespace guichet::cli {

[[nodiscard]] store::RetentionRules retention_rules(const conf::Settings& settings);

// False: everything is kept for ever.
[[nodiscard]] bool anything_expires(const store::RetentionRules& rules);

// Erases what has outstayed the rules, a thousand messages at a time, so that a stop waits for no more than
// those. What was erased, and a failure, are lines of the log; the next day tries again. A detached store
// keeps what there is to look at.
void keep_retention(const store::RetentionRules& rules, store::Store& store, store::Clock& clock,
                    const std::stop_token& stop);

}  // namespace guichet::cli
