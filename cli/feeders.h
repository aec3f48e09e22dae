// The feeders of a gateway: one for each maildrop whose driver pushes (handover/).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "conf/settings.h"
#include "handover/feeder.h"
#include "store/store.h"

namespace guichet::cli {

class Feeders {
 public:
  // Reads the passwords that drivers need. The error is one line for the operator.
  [[nodiscard]] tl::expected<void, std::string> start(const conf::Settings& settings, store::Store& store,
                                                      store::Disk& disk, store::Clock& clock,
                                                      const handover::Say& say);
  // Waits for the attempts that are under way.
  void stop();
  // Something was filed. From any thread, also before start() and after stop().
  void wake();

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<handover::Feeder>> feeders_;
};

}  // namespace guichet::cli
