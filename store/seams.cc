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

// RFC 9562 section 5.7: 48 bits of milliseconds, 74 random ones. Random octets are fetched by the kilobyte.
class RandomIds final : public IdSource {
 public:
  Uuid mint(Instant now) override {
    Uuid id;
    take(id.octets.data() + 6, 10);
    const auto ms = static_cast<std::uint64_t>(now.unix_us / 1000);
    for (int i = 0; i < 6; ++i)
      id.octets[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    id.octets[6] = static_cast<std::uint8_t>((id.octets[6] & 0x0f) | 0x70);
    id.octets[8] = static_cast<std::uint8_t>((id.octets[8] & 0x3f) | 0x80);
    return id;
  }

 private:
  void take(std::uint8_t* into, std::size_t count) {
    const std::lock_guard lock(mutex_);
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
};

}  // namespace

std::unique_ptr<Clock> real_clock() {
  return std::make_unique<RealClock>();
}

std::unique_ptr<IdSource> random_ids() {
  return std::make_unique<RandomIds>();
}

}  // namespace guichet::store
