#include "cli/housekeeping.h"

#include <chrono>
#include <string>

#include "cli/retention.h"
#include "net/log.h"

namespace guichet::cli {
namespace {

using namespace std::chrono_literals;
using net::Level;

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
  const auto rules = retention_rules(settings_);
  if (!anything_expires(rules)) return;
  duties_.emplace_back(
      Duty::Options{.name = "retention", .first = 1min, .interval = 24h},
      [this, rules](const std::stop_token& stop) { keep_retention(rules, store_, clock_, stop); });
}

}  // namespace guichet::cli
