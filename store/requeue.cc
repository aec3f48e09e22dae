#include "store/requeue.h"

#include <utility>

#include "store/served_message.h"

namespace guichet::store {
namespace {

constexpr std::size_t batch_octets_max = 1 << 20;  // of prefixes, for the most part

bool can_be_requeued(DeliveryState state) {
  return state == DeliveryState::handed_over || is_pending(state);
}

// Both facts of one delivery become durable together: never both uids, never neither.
Result<std::size_t> add(Store& store, IdSource& ids, const RequeueOrder& order, const DeliveryRow& row,
                        std::vector<Fact>& facts) {
  auto again = delivered_at(store.archive(), row.place);
  if (!again) return tl::unexpected(again.error());
  again->uid = Uid{ids.mint(order.at)};
  again->at = order.at;
  const auto octets = again->form.prefix.size() + 1024;
  facts.emplace_back(Requeued{row.uid, row.message, order.at, order.by, order.reason, again->uid});
  facts.emplace_back(std::move(*again));
  return octets;
}

}  // namespace

Result<std::uint64_t> requeue(Store& store, IdSource& ids, const RequeueOrder& order) {
  std::uint64_t count = 0;
  std::size_t octets = 0;
  std::vector<Fact> facts;
  const auto flush = [&] {
    count += facts.size() / 2;
    octets = 0;
    return append_and_wait(store, std::exchange(facts, {}));
  };
  for (const auto& row : order.deliveries) {
    if (!can_be_requeued(row.state)) continue;
    const auto added = add(store, ids, order, row, facts);
    if (!added) return tl::unexpected(added.error());
    octets += *added;
    if (octets < batch_octets_max) continue;
    if (auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
  }
  if (auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
  return store.wait_for_index().map([&] { return count; });
}

}  // namespace guichet::store
