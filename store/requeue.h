// Offering again what was handed over: a consumer that lost it (its own database was rolled back) asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/seams.h"
#include "store/store.h"

namespace guichet::store {

struct RequeueOrder {
  std::vector<DeliveryRow> deliveries;
  Instant at;
  std::string by;
  std::string reason;
};

// Handed over, stuck and waiting ones alike are made anew: the same octets under a new uid, since who
// collects them may remember the old one (Alaveteli never takes a uid again that it has given up). Those that
// were erased, or re-queued before, are left as they are. How many; durable and visible to the next login
// when it returns. After an error some were and others not: asked again, those of which `deliveries` says so
// once more.
[[nodiscard]] Result<std::uint64_t> requeue(Store& store, IdSource& ids, const RequeueOrder& order);

}  // namespace guichet::store
