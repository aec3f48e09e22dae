#include "cli/housekeeping.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "net/log.h"
#include "store/erasure.h"
#include "store/retention.h"

namespace guichet::cli {
namespace {

using namespace std::chrono_literals;
using net::Level;

constexpr std::size_t expired_max = 10'000;  // at a time: the rest goes the next day

std::vector<store::RetentionRule> rules_of(const std::vector<conf::Site>& sites) {
  std::vector<store::RetentionRule> rules;
  for (const auto& site : sites)
    rules.push_back({site.domain, site.keep_handed_over_days});
  return rules;
}

}  // namespace

Housekeeping::Housekeeping(const conf::Settings& settings, store::Store& store, store::Clock& clock)
    : settings_(settings), store_(store), clock_(clock) {
  add_retention();
}

void Housekeeping::add_retention() {
  const bool any =
      std::ranges::any_of(settings_.sites, [](const auto& s) { return s.keep_handed_over_days > 0; });
  if (!any) return;
  duties_.emplace_back(Duty::Options{.name = "retention", .first = 1min, .interval = 24h},
                       [this](const std::stop_token&) { expire(); });
}

void Housekeeping::expire() {
  const auto now = clock_.now();
  auto old = store::outstayed(store_, rules_of(settings_.sites), now, expired_max);
  if (old && old->empty()) return;
  auto report = old ? store::erase(store_, {std::move(*old), now, "retention", "handed over long enough ago"})
                    : store::Result<store::ErasureReport>(tl::unexpected(old.error()));
  if (!report)
    net::log_event(Level::error, "store.alarm",
                   {{"text", "what has outstayed its time could not be erased: " + report.error().text}});
  else
    net::log_event(
        Level::info, "retention",
        {{"erased", std::to_string(report->erased.size())}, {"octets", std::to_string(report->octets)}});
}

}  // namespace guichet::cli
