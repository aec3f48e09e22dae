#include "popd/offers.h"

#include <algorithm>
#include <optional>

namespace guichet::popd {
namespace {

using store::OfferOutcome;
using store::WaitingRow;

class Conclusion {
 public:
  Conclusion(const SessionEnd& end, const OfferRules& rules) : end_(end), rules_(rules) {}

  std::vector<store::Fact> run(const std::vector<WaitingRow>& offered) {
    auto deleted = end_.deleted.begin();
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const bool marked = deleted != end_.deleted.end() && *deleted == i + 1;
      if (marked) ++deleted;
      if (marked && end_.quit)
        facts_.emplace_back(store::HandedOver{offered[i].uid, offered[i].message, end_.at, end_.by});
      else if (const auto outcome = outcome_of(i))
        offered_in_vain(offered[i], *outcome);
    }
    return std::move(facts_);
  }

 private:
  std::optional<OfferOutcome> outcome_of(std::size_t i) const {
    if (i < end_.retrieved.size() && end_.retrieved[i])
      return end_.quit ? OfferOutcome::retrieved : OfferOutcome::dropped;
    // A hundred thousand that are listed at each poll are no offers, and are not written down one by one.
    const bool skipped = end_.quit && end_.uids_told && reads_ahead(rules_.session_messages_max);
    return skipped ? std::optional(OfferOutcome::listed) : std::nullopt;
  }

  void offered_in_vain(const WaitingRow& row, OfferOutcome outcome) {
    facts_.emplace_back(store::Offered{row.uid, row.message, end_.at, end_.by, outcome, {}});
    const auto offers = row.offers + 1;
    const bool too_often = rules_.offers_max > 0 && offers >= rules_.offers_max;
    if (!too_often || end_.last_hand_over <= row.last_offer) return;
    facts_.emplace_back(store::Stuck{row.uid, row.message, end_.at, end_.by,
                                     "offered " + std::to_string(offers) + " times and never taken"});
  }

  const SessionEnd& end_;
  const OfferRules& rules_;
  std::vector<store::Fact> facts_;
};

}  // namespace

std::vector<store::Fact> facts_of(const std::vector<WaitingRow>& offered, const SessionEnd& end,
                                  const OfferRules& rules) {
  return Conclusion(end, rules).run(offered);
}

}  // namespace guichet::popd
