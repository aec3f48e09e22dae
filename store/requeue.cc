#include "store/requeue.h"

namespace guichet::store {
namespace {

constexpr std::size_t batch_facts = 1000;

}  // namespace

Result<std::uint64_t> requeue(Store& store, const RequeueOrder& order) {
  std::uint64_t count = 0;
  std::vector<Fact> facts;
  const auto flush = [&] {
    count += facts.size();
    return append_and_wait(store, std::exchange(facts, {}));
  };
  for (const auto& delivery : order.deliveries) {
    if (delivery.state != DeliveryState::handed_over) continue;
    facts.emplace_back(Requeued{delivery.uid, delivery.message, order.at, order.by, order.reason});
    if (facts.size() < batch_facts) continue;
    if (auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
  }
  if (auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
  return store.wait_for_index().map([count] { return count; });
}

}  // namespace guichet::store
