// `guichet import maildir|mbox PATH`: brings what a mailbox holds into the store.
#pragma once

#include <filesystem>
#include <string>

#include "cli/mbox.h"
#include "conf/settings.h"

namespace guichet::cli {

struct ImportOptions {
  std::filesystem::path path;
  std::string maildrop;
  std::string recipient;  // of messages that do not say; "": those are named and left out
  bool handed_over = false;
  bool dry_run = false;
  std::string from_quoting;  // "": FromQuoting::unsaid
};

[[nodiscard]] int import_maildir(const conf::Settings& settings, const ImportOptions& options);
[[nodiscard]] int import_mbox(const conf::Settings& settings, const ImportOptions& options);

}  // namespace guichet::cli
