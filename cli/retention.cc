#include "cli/retention.h"

#include <algorithm>
#include <string>

#include "net/log.h"
#include "store/marks.h"

namespace guichet::cli {
namespace {

using net::Level;

constexpr std::size_t expired_max = 1000;

store::Result<store::ErasureReport> expire_some(const store::RetentionRules& rules, store::Store& store,
                                                store::Instant now) {
  return store::outstayed(store, rules, now, expired_max)
      .and_then([&](const auto& ids) -> store::Result<store::ErasureReport> {
        if (ids.empty()) return store::ErasureReport{};
        return store::expire(store, rules, now, ids);
      });
}

}  // namespace

store::RetentionRules retention_rules(const conf::Settings& settings) {
  store::RetentionRules rules;
  for (const auto& site : settings.sites)
    rules.sites.push_back({site.domain, site.keep_handed_over_days});
  rules.discarded_days = settings.filters.keep_discarded_days;
  return rules;
}

bool anything_expires(const store::RetentionRules& rules) {
  return rules.discarded_days > 0 ||
         std::ranges::any_of(rules.sites, [](const auto& site) { return site.handed_over_days > 0; });
}

void keep_retention(const store::RetentionRules& rules, store::Store& store, store::Clock& clock,
                    const std::stop_token& stop) {
  if (store::detached(store.archive().disk(), store.archive().folder())) return;
  while (!stop.stop_requested()) {
    const auto report = expire_some(rules, store, clock.now());
    if (!report)
      return net::log_event(
          Level::error, "store.alarm",
          {{"text", "what has outstayed its time could not be erased: " + report.error().text}});
    if (report->erased.empty()) return;
    net::log_event(
        Level::info, "retention",
        {{"erased", std::to_string(report->erased.size())}, {"octets", std::to_string(report->octets)}});
  }
}

}  // namespace guichet::cli
