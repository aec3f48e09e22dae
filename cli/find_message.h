// From what a person pastes to the message that is meant.
#pragma once

#include <string>
#include <vector>

#include "cli/reading.h"
#include "store/error.h"
#include "store/index.h"

namespace guichet::cli {

// `text` is what pasted_id() reads, as long as it begins the id or the digest of one message. absent: none
// begins so; io: several do, and the newest of them were listed on standard error.
[[nodiscard]] store::Result<store::MessageRow> find_message(StoreView& store, const std::string& text);
// The same for each of them, in their order, a message once; the error is of the first that is none.
[[nodiscard]] store::Result<std::vector<store::MessageRow>> find_messages(
    StoreView& store, const std::vector<std::string>& texts);

}  // namespace guichet::cli
