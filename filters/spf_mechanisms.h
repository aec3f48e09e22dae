// Whether a mechanism matches (RFC 7208 5), and the names that it asks for. Of no use to anything but spf.cc.
#pragma once

#include <optional>
#include <string>

#include "filters/spf_lookups.h"
#include "filters/spf_macro.h"
#include "filters/spf_record.h"

namespace guichet::filters {

// RFC 7208 4.8 target-name: the domain-spec expanded, or the current domain. It may be no DNS name: then
// there is nothing to ask.
[[nodiscard]] SpfOr<std::string> spf_target(const std::optional<SpfMacroString>& spec, SpfLookups& lookups,
                                            const SpfMacroValues& values);

// The values with %{p} looked up, if `text` mentions it (RFC 7208 7.3): a name of the client that leads back
// to it, best the domain, then one in it, then any; "unknown" if there is none.
[[nodiscard]] SpfOr<SpfMacroValues> with_validated_name(const SpfMacroString& text, SpfLookups& lookups,
                                                        const SpfMacroValues& values);

// All mechanisms but include, which is an evaluation of its own.
[[nodiscard]] SpfOr<bool> spf_matches(const SpfDirective& directive, SpfLookups& lookups,
                                      const SpfMacroValues& values);

}  // namespace guichet::filters
