// The decoded octets of one part, for whoever shows or scans it.
#pragma once

#include <string_view>

#include "filters/findings.h"
#include "filters/mime_decoder.h"

namespace guichet::filters {

// Gives `sink` the octets whose size and digest the inventory of `octets` found, in pieces. False, and
// nothing is given: the part does not lie within `octets`, so the finding is not of this message. What could
// be decoded of a damaged part is given (see its flag "undecodable").
[[nodiscard]] bool extract(std::string_view octets, const PartFinding& part, const OctetSink& sink);

}  // namespace guichet::filters
