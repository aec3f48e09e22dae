// The inventory of a message: its parts with their digests, what it is about, what kind it is. Facts for
// search and display; nothing is refused for them.
//
// Made for octets of anybody: linear in time, in memory of a few megabytes besides the message, which is only
// read. A message that passes a limit (mime_walk.h, message.h) has an inventory that ends there and says so.
#pragma once

#include <string_view>

#include "filters/findings.h"

namespace guichet::filters {

// Digests reach over nested messages once more for each level: of so many octets in all, and no more.
inline constexpr std::size_t digested_octets_max = 400'000'000;

// Loads what inventory() would otherwise load from files at its first call: the converters of charsets, the
// algorithm of the digests. Called before the sandbox is entered.
void prepare_inventory();

// One thread at a time.
[[nodiscard]] MimeFinding inventory(std::string_view octets);

}  // namespace guichet::filters
