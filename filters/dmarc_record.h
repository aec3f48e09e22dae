// A policy record of DMARC (RFC 7489 6.3).
#pragma once

#include <optional>
#include <string_view>

#include "filters/public_suffix.h"

namespace guichet::filters {

enum class DmarcPolicy { none, quarantine, reject };
[[nodiscard]] std::string_view name_of(DmarcPolicy policy);

struct DmarcRecord {
  DmarcPolicy policy = DmarcPolicy::none;                           // p=
  DmarcPolicy subdomain_policy = DmarcPolicy::none;                 // sp=, or p= where it is left out
  PublicSuffix::Alignment dkim = PublicSuffix::Alignment::relaxed;  // adkim=
  PublicSuffix::Alignment spf = PublicSuffix::Alignment::relaxed;   // aspf=
  friend bool operator==(const DmarcRecord&, const DmarcRecord&) = default;
};

// RFC 7489 6.6.3, step 2: others are no policy records, and do not count.
[[nodiscard]] bool is_dmarc_record(std::string_view text);

// Of a text that is one. nullopt: its policy is not valid, and it asks for no reports (RFC 7489 6.6.3, step
// 6). pct= is not read: it is for receivers that refuse, and a result that rests on a throw of dice cannot be
// found again.
[[nodiscard]] std::optional<DmarcRecord> read_dmarc_record(std::string_view text);

}  // namespace guichet::filters
