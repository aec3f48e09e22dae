// From what a person pastes to the message that is meant.
#pragma once

#include <string>
#include <vector>

#include "store/error.h"
#include "store/index.h"

namespace guichet::cli {

// `id` is the beginning of a message id or of a digest (with or without "sha256:"), as long as it means one
// message. absent: none begins so; io: several do.
[[nodiscard]] store::Result<store::MessageRow> find_message(store::IndexReader& index, const std::string& id);
// The same for each of them, in their order; the error is of the first that is none.
[[nodiscard]] store::Result<std::vector<store::MessageRow>> find_messages(
    store::IndexReader& index, const std::vector<std::string>& ids);

}  // namespace guichet::cli
