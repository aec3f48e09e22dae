#include "cli/wanted.h"

#include <algorithm>

#include "smtpd/ascii.h"

namespace guichet::cli {
namespace {

// The envelope tells it of a message that waits for its verdict; of an erased one the deliveries do.
bool is_for(const MessageFacts& facts, const std::string& part) {
  if (facts.envelope.is_object())
    return std::ranges::any_of(facts.envelope.at("recipients"), [&](const auto& one) {
      return holds(one.template get_ref<const std::string&>(), part);
    });
  return std::ranges::any_of(facts.deliveries, [&](const auto& one) { return holds(one.recipient, part); });
}

bool is_in(const MessageFacts& facts, const std::string& state) {
  if (state == "none") return facts.deliveries.empty() && !facts.erased;
  return std::ranges::any_of(facts.deliveries, [&](const auto& one) { return name_of(one.state) == state; });
}

}  // namespace

bool holds(const std::string& whole, const std::string& part) {
  return part.empty() ||
         !std::ranges::search(whole, part, {}, smtpd::ascii_lower, smtpd::ascii_lower).empty();
}

bool Wanted::wants(const MessageFacts& facts) const {
  return (sender.empty() || holds(sender_of(facts), sender)) &&
         (recipient.empty() || is_for(facts, recipient)) && (state.empty() || is_in(facts, state));
}

}  // namespace guichet::cli
