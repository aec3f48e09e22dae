// What a crash script said of deliveries besides hand-overs: offered, stuck, confirmed, re-queued as another;
// and what must be true of it after a crash.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"

namespace guichet::store {

class PromisedMoves {
 public:
  using Listed = std::map<std::string, int>;  // by the text of the uid

  // Given to the store in one append; refused ones may be there or not, but all of an append or none of it.
  void said(const std::vector<Fact>& facts, bool acknowledged);

  [[nodiscard]] bool concern(const Uid& uid) const { return concerned_.contains(uid); }
  // Nobody may miss it, since it is stuck or re-queued, or was to be.
  [[nodiscard]] bool may_hide(const Uid& uid) const { return hidden_.contains(uid); }
  // The deliveries that re-queues made.
  [[nodiscard]] const std::set<Uid>& made() const { return made_; }

  // Empty: all is as it was promised.
  [[nodiscard]] std::string compare(Store& store, const Listed& listed) const;

 private:
  struct Promise {
    std::vector<Fact> facts;
    bool acknowledged = false;
  };
  [[nodiscard]] static std::string compare(Store& store, const Promise& promise, const Listed& listed);

  std::vector<Promise> promises_;
  std::set<Uid> concerned_, hidden_, made_;
};

}  // namespace guichet::store
