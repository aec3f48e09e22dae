// DNS for one message: what RFC 7208 4.6.4 and prudence allow, and no more, whatever the one who asks is up
// to. Each question is asked once, and kept with its answer: selectors rotate, and somebody may want to know
// in years what a result rested on.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "filters/findings.h"
#include "filters/names.h"

namespace guichet::filters {

struct NameLimits {
  unsigned queries_max = 30;               // then every new question is answered `failed`
  std::chrono::milliseconds time{20'000};  // spent on waiting for answers; the same after it
  std::size_t evidence_octets_max = 256 * 1024;
};

// What may be asked at all. RFC 1035 2.3.4: 253 octets in this form, labels of 1 to 63. A NUL, a space or a
// backslash is taken for something else by one resolver or another, and stands in no name that publishes a
// policy or a key.
[[nodiscard]] bool may_be_asked(const NameQuestion& question);

// One thread at a time; `names` must outlive it.
class CountedNames : public Names {
 public:
  using Clock = std::chrono::steady_clock;

  explicit CountedNames(Names& names, NameLimits limits = {},
                        std::function<Clock::time_point()> now = Clock::now);

  // A name that may not be asked is `nothing`: it cannot exist.
  [[nodiscard]] NameAnswer ask(const NameQuestion& question) override;
  // Counts as if they were asked, once: who answers may well ask for them now.
  void expect(const std::vector<NameQuestion>& questions) override;

  [[nodiscard]] unsigned queries() const { return queries_; }  // that reached DNS, or were to be expected
  [[nodiscard]] unsigned voids() const { return voids_; }      // of those asked: nothing was there
  [[nodiscard]] unsigned refused() const { return refused_; }  // beyond a limit
  // In the order in which they were asked, without what was refused.
  [[nodiscard]] const std::vector<DnsEvidence>& evidence() const { return evidence_; }
  [[nodiscard]] unsigned evidence_left_out() const { return evidence_left_out_; }  // too long to keep

 private:
  using Key = std::pair<std::string, NameType>;  // the name in lower case
  [[nodiscard]] static Key key_of(const NameQuestion& question);
  [[nodiscard]] bool count(const Key& key);
  void keep(const NameQuestion& question, const NameAnswer& answer);

  Names& names_;
  NameLimits limits_;
  std::function<Clock::time_point()> now_;
  unsigned queries_ = 0, voids_ = 0, refused_ = 0, evidence_left_out_ = 0;
  Clock::duration waited_{};
  std::size_t evidence_octets_ = 0;
  std::set<Key> counted_;
  std::map<Key, NameAnswer> known_;
  std::vector<DnsEvidence> evidence_;
};

}  // namespace guichet::filters
