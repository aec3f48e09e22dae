#include "store/retention.h"

#include <algorithm>

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

// 0: for ever.
unsigned days_for(const std::string& recipient, const std::vector<RetentionRule>& rules) {
  const auto domain = lower_case(std::string_view(recipient).substr(recipient.rfind('@') + 1));
  const auto rule =
      std::ranges::find_if(rules, [&](const auto& r) { return lower_case(r.domain) == domain; });
  return rule == rules.end() ? 0 : rule->handed_over_days;
}

bool has_outstayed(const DeliveryRow& delivery, const std::vector<RetentionRule>& rules, Instant now) {
  if (delivery.state == DeliveryState::requeued) return true;  // the one in its place counts
  const auto days = days_for(delivery.recipient, rules);
  return days > 0 && delivery.state == DeliveryState::handed_over && delivery.handed_over_at &&
         *delivery.handed_over_at < days_before(now, days);
}

bool have_outstayed(const std::vector<DeliveryRow>& deliveries, const std::vector<RetentionRule>& rules,
                    Instant now) {
  return !deliveries.empty() &&
         std::ranges::all_of(deliveries, [&](const auto& d) { return has_outstayed(d, rules, now); });
}

}  // namespace

Result<std::vector<MessageId>> outstayed(Store& store, const std::vector<RetentionRule>& rules, Instant now,
                                         std::size_t limit) {
  std::vector<MessageId> found;
  unsigned shortest = 0;
  for (const auto& rule : rules)
    if (rule.handed_over_days > 0 && (shortest == 0 || rule.handed_over_days < shortest))
      shortest = rule.handed_over_days;
  if (shortest == 0) return found;
  const auto before = days_before(now, shortest);
  const auto rows = store.ask([&](IndexReader& index) { return index.handed_over_before(before, SIZE_MAX); });
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& row : *rows) {
    if (found.size() == limit) break;
    const auto deliveries = store.ask([&](IndexReader& index) { return index.deliveries(row.message); });
    if (!deliveries) return tl::unexpected(deliveries.error());
    if (have_outstayed(*deliveries, rules, now)) found.push_back(row.message);
  }
  return found;
}

Result<ErasureReport> expire(Store& store, const std::vector<RetentionRule>& rules, Instant now,
                             std::vector<MessageId> messages) {
  return erase(store, {.messages = std::move(messages),
                       .at = now,
                       .by = "retention",
                       .reason = "handed over long enough ago",
                       .still = [&](const auto& all) { return have_outstayed(all, rules, now); }});
}

}  // namespace guichet::store
