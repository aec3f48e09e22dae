#include "store/seams.h"

#include <openssl/rand.h>

#include <chrono>
#include <cstring>
#include <mutex>

#include "store/check.h"

namespace guichet::store {
namespace {

class RealClock final : public Clock {
 public:
  Instant now() override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
  }
};

// RFC 9562 section 5.7 with section 6.2, method 3: 60 bits of time in units of 1/4096 ms, of which none is
// given twice, so ids sort in the order of minting; 62 random bits, fetched by the kilobyte.
class RandomIds final : public IdSource {
 public:
  Uuid mint(Instant now) override {
    const std::lock_guard lock(mutex_);
    Uuid id;
    take(id.octets.data() + 8, 8);
    const auto ticks = new_ticks(now);
    for (int i = 0; i < 6; ++i)
      id.octets[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ticks >> (52 - 8 * i));
    id.octets[6] = static_cast<std::uint8_t>((ticks >> 8 & 0x0f) | 0x70);
    id.octets[7] = static_cast<std::uint8_t>(ticks);
    id.octets[8] = static_cast<std::uint8_t>((id.octets[8] & 0x3f) | 0x80);
    return id;
  }

 private:
  static constexpr std::uint64_t ticks_per_ms = 4096;
  static constexpr std::uint64_t set_back_max = 1000 * ticks_per_ms;

  // A clock that was set back by less than a second is waited for, counting; by more, it is followed.
  std::uint64_t new_ticks(Instant now) {
    const auto us = static_cast<std::uint64_t>(now.unix_us);
    const auto ticks = us / 1000 * ticks_per_ms + us % 1000 * ticks_per_ms / 1000;
    const bool counts_on = ticks <= last_ticks_ && last_ticks_ - ticks < set_back_max;
    return last_ticks_ = counts_on ? last_ticks_ + 1 : ticks;
  }

  void take(std::uint8_t* into, std::size_t count) {
    if (used_ + count > sizeof pool_) {
      GUICHET_CHECK(RAND_bytes(pool_, sizeof pool_) == 1);
      used_ = 0;
    }
    std::memcpy(into, pool_ + used_, count);
    used_ += count;
  }

  std::mutex mutex_;
  unsigned char pool_[4096];
  std::size_t used_ = sizeof pool_;
  std::uint64_t last_ticks_ = 0;
};

}  // namespace

std::unique_ptr<Clock> real_clock() {
  return std::make_unique<RealClock>();
}

std::unique_ptr<IdSource> random_ids() {
  return std::make_unique<RandomIds>();
}

}  // namespace guichet::store
