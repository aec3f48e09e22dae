// The octets of a stored message, for commands.
#pragma once

#include <functional>
#include <string_view>

#include "cli/reading.h"

namespace guichet::cli {

// absent: it was erased; damaged: its octets are in no volume.
[[nodiscard]] store::Result<store::BodyPlace> body_of(StoreView& store, const store::MessageRow& row);

// Read twice: not one octet of a damaged message is given out as if it were what came. Ends early, without an
// error, when `sink` returns false.
[[nodiscard]] store::Result<void> read_body(StoreView& store, const store::MessageRow& row,
                                            const store::Archive::OctetSink& sink);

}  // namespace guichet::cli
