// The writer's part of `guichet import`: messages whose octets come in an open file, one append each.
//
// {"command":"import","by":…,"hostname":…,"maildrop":…,"from":"maildir" or "mbox","handed_over":bool,
//  "dry_run":bool,"messages":[{"offset":n,"octets":n,"at":time,"dated_by":…,
//                              "recipient_hex":…,"mail_from_hex":…,"file_hex":…,"key_hex":…}]}
//   {"ok":true,"results":["imported" | "there" | "erased" | why it failed]}, one for each message
//
// The octets are in the descriptor that came with the request, from offset on; never in the JSON.
//
// A message is there already when the store has a message with the same octets whose record says that it was
// imported into the same maildrop under the same key. The key is what a mailbox keeps of a message for ever:
// a Maildir's unique name without folder and flags; an mbox's From_ line, and its number among equal ones. So
// an mbox may have grown or have been shortened at its front meanwhile, and a Maildir may have been read.
#pragma once

#include <nlohmann/json.hpp>

#include "store/store.h"

namespace guichet::cli {

// Blocks until all of them are durable. `descriptor` is only read, and stays the caller's.
[[nodiscard]] nlohmann::ordered_json import_messages(store::Store& store,
                                                     const nlohmann::ordered_json& request, int descriptor);

}  // namespace guichet::cli
