// `guichet quarantine`: what a rule keeps from Alaveteli until somebody has looked at it.
#pragma once

#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

struct QuarantineOptions {
  std::vector<std::string> ids;
  std::string reason;
  std::string maildrop;
  bool yes = false, json = false;
};

int quarantine_list(const conf::Settings& settings, const QuarantineOptions& options);
// Delivered after all: as another delivery, under a uid of its own, with the fields that it was given.
int quarantine_release(const conf::Settings& settings, const QuarantineOptions& options);
// Never delivered; the message stays in the archive, for filters.keep_discarded_days.
int quarantine_discard(const conf::Settings& settings, const QuarantineOptions& options);

}  // namespace guichet::cli
