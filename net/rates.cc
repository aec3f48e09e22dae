#include "net/rates.h"

#include <algorithm>

namespace guichet::net {

bool Rates::take(std::string_view name, Clock::time_point now) {
  if (most_ == 0) return true;
  const double full = most_;
  const std::lock_guard lock(mutex_);
  auto& bucket = buckets_.use(name, {full, now});
  const double windows = std::chrono::duration<double>(now - bucket.at) / window_;
  bucket.left = std::min(full, bucket.left + full * std::max(0.0, windows));
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

std::size_t Rates::names() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace guichet::net
