// What the gateway does by itself beside serving, each as a duty of its own.
#pragma once

#include <deque>
#include <string>

#include "cli/duty.h"
#include "cli/overdue.h"
#include "conf/settings.h"
#include "store/store.h"

namespace guichet::cli {

// References must outlive the object; its end stops the duties and waits for them.
class Housekeeping {
 public:
  Housekeeping(const conf::Settings& settings, store::Store& store, store::Clock& clock);

 private:
  void add_retention();
  void add_alarm(const std::string& name, Overdue& overdue);

  const conf::Settings& settings_;
  store::Store& store_;
  store::Clock& clock_;
  Overdue overdue_, unseen_;
  std::deque<Duty> duties_;  // last: they end before what they use
};

}  // namespace guichet::cli
