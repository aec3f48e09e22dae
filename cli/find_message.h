// From what a person pastes to the message that is meant.
#pragma once

#include <string>

#include "store/error.h"
#include "store/index.h"

namespace guichet::cli {

// `id` is the beginning of a message id or of a digest (with or without "sha256:"), as long as it means one
// message. absent: none begins so; io: several do.
[[nodiscard]] store::Result<store::MessageRow> find_message(store::IndexReader& index, const std::string& id);

}  // namespace guichet::cli
