// "iprev" (RFC 8601 3): the address of a client leads to a name, and that name leads back to the address.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "filters/findings.h"
#include "filters/names.h"

namespace guichet::filters {

inline constexpr std::size_t reverse_names_max = 5;  // that are looked at; an address may claim thousands

// `none` where `client` is no address. The name is the one that leads back; of a fail, the first of all.
[[nodiscard]] ReverseFinding evaluate_reverse(std::string_view client, Names& names);

}  // namespace guichet::filters
