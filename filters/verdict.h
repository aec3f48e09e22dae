// All that was found out about a message, by whichever filter, as it is kept in the archive and shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "filters/clamd.h"
#include "filters/findings.h"
#include "filters/rspamd_answer.h"

namespace guichet::filters {

struct Verdict {
  Findings findings;
  // Nothing: it was not asked for. A message that was not scanned is never taken for a clean one.
  std::optional<Scan<RspamdVerdict>> spam;
  std::optional<Scan<ClamdVerdict>> virus;
};

// Something was asked for and not found out.
[[nodiscard]] bool is_unjudged(const Verdict& verdict);
// Why, on one line, printable; "" where all was found out.
[[nodiscard]] std::string why_unjudged(const Verdict& verdict);

// "clean", "found", "unscanned"; "" where nobody was asked.
[[nodiscard]] std::string_view virus_word(const Verdict& verdict);

// What the operator's rules made of it: the name of the one that counted, and what it did.
struct RuleNote {
  std::string name, action;
};

// One JSON object: the members of findings_json, and
//   "spam":{"score","required_score","action","symbols":[{"name","score"}]} or {"unscanned","why"}
//   "virus":{"result","name"} or {"result":"unscanned","why"}   "rule":{"name","action"}   "words"
[[nodiscard]] std::string encode_verdict(const Verdict& verdict, const std::optional<RuleNote>& rule,
                                         const std::string& words);

}  // namespace guichet::filters
