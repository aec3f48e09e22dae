// Offering again what was handed over: a consumer that lost it (its own database was rolled back) asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/store.h"

namespace guichet::store {

struct RequeueOrder {
  std::vector<DeliveryRow> deliveries;  // those that are not handed over are left as they are
  Instant at;
  std::string by;
  std::string reason;
};

// How many wait again, under their old uids; durable and visible to the next login when it returns. After an
// error some may wait and others not: the same order once more does the rest.
[[nodiscard]] Result<std::uint64_t> requeue(Store& store, const RequeueOrder& order);

}  // namespace guichet::store
