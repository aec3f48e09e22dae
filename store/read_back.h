// Whether what was just made durable can be read back as it was received.
//
// For who lists messages without reading them: a listed one that then cannot be read spoils its client's
// session. Costs a read from the machine's memory, where the octets still are, and a digest.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "store/archive.h"
#include "store/index.h"
#include "store/seams.h"

namespace guichet::store {

// For each delivery among the news whose body, also among them, is damaged: that it is stuck. Its place is
// that of the delivery. A body that cannot be read for the moment is taken for sound: it is read again before
// it is served.
[[nodiscard]] std::vector<NewFact> unreadable_among(const Archive& archive, std::span<const News> news);

// The same for news on their way to the index, live or at a catch-up after a crash: what was filed just
// before it was not read back yet. Not at a rebuild, which would read the whole archive: what was damaged
// when the index had it first is stuck by a record of its own, and what became so since is found ahead of
// RETR, as without a rebuild.
class ReadBack {
 public:
  // Called with what is to be recorded.
  using SetAside = std::function<void(std::vector<Fact> stuck)>;

  // References must outlive the object.
  ReadBack(const Archive& archive, Alarm alarm, SetAside set_aside)
      : archive_(archive), alarm_(std::move(alarm)), set_aside_(std::move(set_aside)) {}

  // Adds to the news what is stuck, so that the index has it at once; in the volumes it is as soon as the
  // writer has it.
  void operator()(std::vector<News>& news) const;

 private:
  const Archive& archive_;
  const Alarm alarm_;
  const SetAside set_aside_;
};

}  // namespace guichet::store
