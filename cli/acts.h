// What only the writer of the store may do, asked and answered in JSON: by the gateway over its control
// socket, or by a command in its own process when no gateway runs (act.h).
//
//   {"command":"index wait"}      {"ok":true}: the index holds all that was acknowledged before
//   {"command":"index rebuild"}   {"ok":true,"messages":n,"bodies":n,"deliveries":n,"waiting":n}
//   {"command":"requeue","by":…,"reason":…, "messages":[id…] or "since":time,"maildrop":name}
//                                 {"ok":true,"deliveries":n}
//   {"command":"requeue" or "confirm",…,"deliveries":[[message id,uid]…]}   {"ok":true,"deliveries":n}
//   {"command":"hold" or "release","by":…,"reason":…,"messages":[id…]}   {"ok":true}
//   {"command":"erase","by":…,"reason":…,"messages":[id…],"dry_run":bool}
//                                 {"ok":true,"erased":[id…],"not_there":[id…],"held":[id…],
//                                  "octets_kept":[{"message":id,"with":[id…]}],"blocks":n,"octets":n,
//                                  "left_in":[file name…]}
//   {"command":"import",…} with an open file: import_act.h
//   {"command":"take in erasures","erasures":[fact…]}   {"ok":true}
//
// Everything else, and everything that fails, is answered {"ok":false,"error":…}.
#pragma once

#include <nlohmann/json.hpp>

#include "store/store.h"

namespace guichet::cli {

// Blocks until it is done. `attached`: a descriptor that came with the request, the caller's; -1: none.
[[nodiscard]] nlohmann::ordered_json carry_out(store::Store& store, const nlohmann::ordered_json& request,
                                               int attached = -1);

}  // namespace guichet::cli
