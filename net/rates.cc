#include "net/rates.h"

#include <algorithm>

namespace guichet::net {

bool Rates::take(std::string_view name, Clock::time_point now) {
  if (per_minute_ == 0) return true;
  const double full = per_minute_;
  const std::lock_guard lock(mutex_);
  auto& bucket = buckets_.use(name, {full, now});
  const std::chrono::duration<double, std::ratio<60>> minutes = now - bucket.at;
  bucket.left = std::min(full, bucket.left + full * std::max(0.0, minutes.count()));
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace guichet::net
