// What rspamd says of a message: its answer to /checkv2 as facts. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/scanner.h"

namespace guichet::filters {

enum class SpamAction {
  no_action,
  greylist,
  add_header,
  rewrite_subject,
  soft_reject,
  reject,
  other,  // an action of the operator's own, of which nothing is known here
};
[[nodiscard]] std::string_view name_of(SpamAction action);  // in rspamd's words: "add header"

struct SpamSymbol {
  std::string name;
  double score = 0;
  friend bool operator==(const SpamSymbol&, const SpamSymbol&) = default;
};

// Every number is finite, every string printable US-ASCII.
struct RspamdVerdict {
  double score = 0;
  std::optional<double> required_score;  // for reject; nothing: it has no such threshold
  SpamAction action = SpamAction::no_action;
  std::vector<SpamSymbol> symbols;  // those that weigh most first, at most symbols_max
  std::string smtp_message;         // what it would tell the client; "": nothing

  friend bool operator==(const RspamdVerdict&, const RspamdVerdict&) = default;
};

inline constexpr std::size_t rspamd_answer_octets_max = 1024 * 1024;
inline constexpr std::size_t symbols_max = 200;
inline constexpr double score_max = 100'000;  // beyond that, up or down, it is no score

[[nodiscard]] Scan<RspamdVerdict> rspamd_verdict(std::string_view json);

// The value of the header that Alaveteli reads with to_f: it begins with the number. One decimal, a point in
// every locale. A score is at most score_max.
[[nodiscard]] std::string spam_header(double score);

}  // namespace guichet::filters
