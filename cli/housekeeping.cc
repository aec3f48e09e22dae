#include "cli/housekeeping.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "net/log.h"
#include "store/marks.h"
#include "store/retention.h"

namespace guichet::cli {
namespace {

using namespace std::chrono_literals;
using net::Level;

constexpr std::size_t expired_max = 1000;  // at a time: a stop waits for no more

store::RetentionRules rules_of(const conf::Settings& settings) {
  store::RetentionRules rules;
  for (const auto& site : settings.sites)
    rules.sites.push_back({site.domain, site.keep_handed_over_days});
  rules.discarded_days = settings.filters.keep_discarded_days;
  return rules;
}

}  // namespace

Housekeeping::Housekeeping(const conf::Settings& settings, store::Store& store, store::Clock& clock)
    : settings_(settings),
      store_(store),
      clock_(clock),
      overdue_(store, clock, Overdue::poller(settings.popd.waiting_alarm_h)),
      unseen_(store, clock, Overdue::quarantine(settings.filters.quarantine_alarm_h)) {
  add_retention();
  add_alarm("overdue", overdue_);
  add_alarm("quarantine", unseen_);
}

// --- What waits for too long ---------------------------------------------------------------------------

void Housekeeping::add_alarm(const std::string& name, Overdue& overdue) {
  if (!overdue.is_on()) return;
  duties_.emplace_back(Duty::Options{.name = name, .first = 1min, .interval = 10min},
                       [&overdue](const std::stop_token&) {
                         if (const auto alarm = overdue.look())
                           net::log_event(Level::error, "delivery.overdue",
                                          {{"text", alarm->text}, {"message", alarm->message.uuid.text()}});
                       });
}

// --- Retention -----------------------------------------------------------------------------------------

void Housekeeping::add_retention() {
  const auto rules = rules_of(settings_);
  const bool any = rules.discarded_days > 0 || std::ranges::any_of(rules.sites, [](const auto& site) {
                     return site.handed_over_days > 0;
                   });
  if (!any) return;
  duties_.emplace_back(Duty::Options{.name = "retention", .first = 1min, .interval = 24h},
                       [this](const std::stop_token& stop) { expire(stop); });
}

// A copy that was restored to be looked at keeps what there is to look at.
void Housekeeping::expire(const std::stop_token& stop) {
  if (store::detached(store_.archive().disk(), store_.archive().folder())) return;
  const auto rules = rules_of(settings_);
  while (!stop.stop_requested()) {
    const auto now = clock_.now();
    const auto old = store::outstayed(store_, rules, now, expired_max);
    if (old && old->empty()) return;
    const auto report = old.and_then([&](const auto& ids) { return store::expire(store_, rules, now, ids); });
    if (!report)
      return net::log_event(
          Level::error, "store.alarm",
          {{"text", "what has outstayed its time could not be erased: " + report.error().text}});
    net::log_event(
        Level::info, "retention",
        {{"erased", std::to_string(report->erased.size())}, {"octets", std::to_string(report->octets)}});
    if (report->erased.empty()) return;
  }
}

}  // namespace guichet::cli
