#include "store/retention.h"

#include <algorithm>
#include <set>
#include <utility>

namespace guichet::store {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

Instant days_before(Instant now, unsigned days) {
  return {now.unix_us - std::int64_t{days} * day_us};
}

// To nobody, though it had a maildrop to go to: discarded from quarantine.
bool is_junk(const DeliveryRow& delivery) {
  return delivery.how == Way::discarded && !delivery.maildrop.empty();
}

// 0: for ever.
unsigned days_for(const DeliveryRow& delivery, const RetentionRules& rules) {
  if (rules.discarded_days > 0 && is_junk(delivery)) return rules.discarded_days;
  const auto& recipient = delivery.recipient;
  const auto domain = lower_case(std::string_view(recipient).substr(recipient.rfind('@') + 1));
  const auto rule =
      std::ranges::find_if(rules.sites, [&](const auto& r) { return lower_case(r.domain) == domain; });
  return rule == rules.sites.end() ? 0 : rule->handed_over_days;
}

bool has_outstayed(const DeliveryRow& delivery, const RetentionRules& rules, Instant now) {
  if (delivery.state == DeliveryState::requeued) return true;  // the one in its place counts
  const auto days = days_for(delivery, rules);
  return days > 0 && delivery.state == DeliveryState::handed_over && delivery.handed_over_at &&
         *delivery.handed_over_at < days_before(now, days);
}

bool have_outstayed(const std::vector<DeliveryRow>& deliveries, const RetentionRules& rules, Instant now) {
  return !deliveries.empty() &&
         std::ranges::all_of(deliveries, [&](const auto& d) { return has_outstayed(d, rules, now); });
}

// 0: all are for ever.
unsigned shortest_of(const std::vector<RetentionRule>& sites) {
  unsigned shortest = 0;
  for (const auto& rule : sites)
    if (rule.handed_over_days > 0 && (shortest == 0 || rule.handed_over_days < shortest))
      shortest = rule.handed_over_days;
  return shortest;
}

// Those that may have outstayed. Of discarded ones there are few, and the index finds them; where a site's
// mail expires, all that is old enough is looked at.
Result<std::vector<MessageRow>> candidates(Store& store, const RetentionRules& rules, Instant now) {
  const auto days = shortest_of(rules.sites);
  const auto handed_over = days_before(now, days), discarded = days_before(now, rules.discarded_days);
  return store.ask([&](IndexReader& index) -> Result<std::vector<MessageRow>> {
    Result<std::vector<MessageRow>> rows = std::vector<MessageRow>();
    if (rules.discarded_days > 0) rows = index.discarded_before(discarded, SIZE_MAX);
    if (!rows || days == 0) return rows;
    const auto more = index.handed_over_before(handed_over, SIZE_MAX);
    if (!more) return more;
    rows->insert(rows->end(), more->begin(), more->end());
    return rows;
  });
}

}  // namespace

Result<std::vector<MessageId>> outstayed(Store& store, const RetentionRules& rules, Instant now,
                                         std::size_t limit) {
  std::vector<MessageId> found;
  std::set<MessageId> seen;  // a message can be a candidate for two reasons
  const auto rows = candidates(store, rules, now);
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& row : *rows) {
    if (found.size() == limit) break;
    if (!seen.insert(row.message).second) continue;
    const auto deliveries = store.ask([&](IndexReader& index) { return index.deliveries(row.message); });
    if (!deliveries) return tl::unexpected(deliveries.error());
    if (have_outstayed(*deliveries, rules, now)) found.push_back(row.message);
  }
  return found;
}

Result<ErasureReport> expire(Store& store, const RetentionRules& rules, Instant now,
                             std::vector<MessageId> messages) {
  return erase(store, {.messages = std::move(messages),
                       .at = now,
                       .by = "retention",
                       .reason = "kept for as long as it was to be",
                       .still = [&](const auto& all) { return have_outstayed(all, rules, now); }});
}

}  // namespace guichet::store
