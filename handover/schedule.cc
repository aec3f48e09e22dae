#include "handover/schedule.h"

#include <algorithm>

namespace guichet::handover {
namespace {

using namespace std::chrono_literals;

constexpr unsigned doublings_max = 20;

}  // namespace

void Schedule::fail(Wait& wait, Duration first, Duration longest, Time now, double chance) {
  const auto doubled = first * (1ll << std::min(wait.failures, doublings_max));
  const auto whole = std::min<Duration>(doubled, longest);
  ++wait.failures;
  wait.not_before = now + std::chrono::duration_cast<Duration>(whole * (1.0 - 0.25 * chance));
}

void Schedule::message_refused(const store::Uid& uid, Time now, double chance) {
  fail(messages_[uid], 30s, 1h, now, chance);
}

void Schedule::unreachable(Time now, double chance) {
  fail(side_, 1s, 5min, now, chance);
}

void Schedule::reached() {
  side_ = {};
}

bool Schedule::may_try(const store::Uid& uid, Time now) const {
  const auto found = messages_.find(uid);
  return found == messages_.end() || now >= found->second.not_before;
}

unsigned Schedule::failures(const store::Uid& uid) const {
  const auto found = messages_.find(uid);
  return found == messages_.end() ? 0 : found->second.failures;
}

Schedule::Time Schedule::next(Time now, Duration at_most) const {
  auto next = now + at_most;
  if (!may_try(now)) return std::min(next, side_.not_before);
  for (const auto& [uid, wait] : messages_)
    if (wait.not_before > now) next = std::min(next, wait.not_before);
  return next;
}

}  // namespace guichet::handover
