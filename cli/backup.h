// `guichet backup …`: the copies off-site. Each returns an exit code.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

// Makes the repository.
int backup_init(const conf::Settings& settings);
// Makes a snapshot if there is something new: the running gateway does, else this process under the lock.
int backup_now(const conf::Settings& settings);
int backup_status(const conf::Settings& settings, bool json);
// `read_data_subset` is restic's option of that name; empty: the structure alone.
int backup_check(const conf::Settings& settings, const std::string& read_data_subset);
// Forgets all but some of the last hour, then hours, days, months, nothing older than the retention but the
// newest, and gives the room back. With the keys of backup.prune_envdir.
int backup_prune(const conf::Settings& settings);

}  // namespace guichet::cli
