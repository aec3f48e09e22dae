// The gateway reads its whole store once in a while, so that a disk that forgets is noticed while there is
// another copy. Beside serving: one volume at a time, slowly, when nobody else wants the processor or the
// disk.
#pragma once

#include <filesystem>
#include <memory>

#include "cli/duty.h"
#include "conf/settings.h"
#include "store/archive.h"
#include "store/seams.h"

namespace guichet::cli {

class Scrubber {
 public:
  // nullptr: scrub_days is 0. Works until it is destroyed; damage is a log event and kept in the store's
  // scrub/state.json.
  [[nodiscard]] static std::unique_ptr<Scrubber> start(const conf::StoreSettings& settings,
                                                       const store::Alarm& alarm);

 private:
  Scrubber(const conf::StoreSettings& settings, store::Alarm alarm);
  void work(const std::stop_token& stop);
  bool scrub(std::uint32_t volume, const std::stop_token& stop);

  const conf::StoreSettings settings_;
  const store::Alarm alarm_;
  const std::unique_ptr<store::Disk> disk_;
  const std::unique_ptr<store::Clock> clock_;
  // Its own, so that it shares no lock with who serves: its thread may wait long for the processor.
  const store::Archive archive_;
  Duty duty_;  // last: it ends before what it uses
};

}  // namespace guichet::cli
