#include "cli/filter_watch.h"

namespace guichet::cli {
namespace {

// At three messages a day nobody should have to wait for the fifth failure.
constexpr std::chrono::minutes patience{10};

}  // namespace

void FilterWatch::look(const std::vector<Filtering::Standing>& standing, Clock::time_point now) {
  for (const auto& one : standing)
    look(one, seen_[one.name], now);
}

void FilterWatch::look(const Filtering::Standing& standing, Seen& seen, Clock::time_point now) {
  const bool went_well = standing.answered > seen.answered, failed = standing.failed > seen.failed;
  seen.answered = standing.answered;
  seen.failed = standing.failed;
  if (went_well) seen.failing = false;
  if (failed && !went_well && !seen.failing) seen.failing = true, seen.since = now;
  const bool down = !standing.trouble.empty() || (seen.failing && now - seen.since >= patience);
  if (down && !std::exchange(seen.said, true))
    alarm_("filter.down: " + standing.name + " fails" +
           (standing.trouble.empty() ? std::string() : ", " + standing.trouble) +
           "; mail is delivered without what it would say, and marked (X-Guichet-Unjudged)");
  if (!down && went_well && std::exchange(seen.said, false)) news_(standing.name + " works again");
}

}  // namespace guichet::cli
