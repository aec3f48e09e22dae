// By what Alaveteli would know a delivery: its Message-ID, or a checksum of what it was given.
#pragma once

#include <string>

#include "cli/reading.h"
#include "cli/reconcile_list.h"
#include "store/facts.h"
#include "store/index.h"

namespace guichet::cli {

struct DeliveryOctets {
  store::Delivered delivered;
  store::Digest digest;  // of the original
  store::BodyPlace place;
};
[[nodiscard]] store::Result<DeliveryOctets> octets_of(StoreView& store, const store::DeliveryRow& row);

// Of the served form, bare: the original's, or the one in the prefix when that has none; "" when neither has.
[[nodiscard]] store::Result<std::string> message_id_of(const StoreView& store,
                                                       const DeliveryOctets& delivery);

// Of the served form, which is read for it: `by` is sha1 (hexadecimal) or md5 (base64).
[[nodiscard]] store::Result<std::string> checksum_of(const StoreView& store, const DeliveryOctets& delivery,
                                                     ListedBy by);

}  // namespace guichet::cli
