// How long mail stays that the site has taken: a rule for each domain, and what has outstayed it.
#pragma once

#include <string>
#include <vector>

#include "store/erasure.h"
#include "store/error.h"
#include "store/store.h"

namespace guichet::store {

struct RetentionRule {
  std::string domain;         // of the recipients: "example.test"
  unsigned handed_over_days;  // 0: for ever
};

struct RetentionRules {
  std::vector<RetentionRule> sites;
  unsigned discarded_days = 0;  // of what somebody has taken out of quarantine as junk; 0: as for the site
};

// Messages of which every delivery was handed over longer ago than the rule of its recipient's domain allows.
// A recipient without a rule, or with one that says for ever, keeps the message; so does a hold. At most
// `limit`, oldest first.
[[nodiscard]] Result<std::vector<MessageId>> outstayed(Store& store, const RetentionRules& rules, Instant now,
                                                       std::size_t limit);

// Erases these, those alone that have still outstayed when nothing can change it any more: a re-queue or a
// hold may come in between.
[[nodiscard]] Result<ErasureReport> expire(Store& store, const RetentionRules& rules, Instant now,
                                           std::vector<MessageId> messages);

}  // namespace guichet::store
