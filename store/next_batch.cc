#include "store/next_batch.h"

#include <algorithm>
#include <utility>

namespace guichet::store {
namespace {

using Appends = std::vector<Append>;

bool is_small(const Append& append) {
  return body_octets(append) <= small_octets_max;
}

// Until the batch is full; `octets` counts.
void move_some(Appends::iterator begin, Appends::iterator end, std::size_t appends_max, std::uint64_t& octets,
               Appends& into) {
  for (auto each = begin; each != end && appends_max > 0 && octets < batch_octets_max;
       ++each, --appends_max) {
    octets += body_octets(*each);
    into.push_back(std::move(*each));
  }
}

}  // namespace

void next_batch(Appends& waiting, Appends& into) {
  into.reserve(std::min(waiting.size(), batch_appends_max));
  const auto large = std::stable_partition(waiting.begin(), waiting.end(), is_small);
  const bool some_large = large != waiting.end();
  std::uint64_t octets = 0;
  move_some(waiting.begin(), large, batch_appends_max - (some_large ? 1 : 0), octets, into);
  const auto small_taken = static_cast<std::ptrdiff_t>(into.size());
  octets = std::min(octets, batch_octets_max - 1);
  move_some(large, waiting.end(), batch_appends_max - into.size(), octets, into);
  const auto large_taken = static_cast<std::ptrdiff_t>(into.size()) - small_taken;
  waiting.erase(large, large + large_taken);
  waiting.erase(waiting.begin(), waiting.begin() + small_taken);
}

}  // namespace guichet::store
