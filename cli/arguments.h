// The words of every subcommand: what they are called, and where they are kept. main.cc says which takes
// what.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/drill.h"
#include "cli/export.h"
#include "cli/filter_worker.h"
#include "cli/import.h"
#include "cli/judge.h"
#include "cli/list.h"
#include "cli/parts.h"
#include "cli/passwd.h"
#include "cli/reconcile.h"
#include "cli/refusals.h"
#include "cli/repair.h"
#include "cli/restore.h"
#include "cli/tls.h"
#include "cli/verify.h"

namespace CLI {
class App;
}

namespace guichet::cli {

struct Arguments {
  std::string config_file;
  std::vector<std::string> overrides;
  std::string id;
  bool json = false;
  RestoreRequest restore;
  bool merge = false;
  DrillRequest drill;
  std::uint64_t limit = 0;
  std::vector<std::string> ids;
  std::string digest, since, maildrop, reason, address, key;
  bool yes = false, dry_run = false;
  VerifyOptions verify;
  RepairOptions repair;
  std::string read_data_subset;
  ImportOptions import;
  ExportOptions out;
  ReconcileOptions reconcile;
  ListOptions list;
  RefusalsOptions refusals;
  PasswdOptions passwd;
  ClientOptions client;
  TlsShowOptions tls;
  JudgeOptions judge;
  bool again = false;
  PartsOptions parts;
  FilterWorkerOptions filter_worker;
  std::filesystem::path file;
};

// Each declares options of a subcommand; `arguments` must outlive it.
void take_nothing(CLI::App& command, Arguments& arguments);
void take_json(CLI::App& command, Arguments& arguments);
void take_limit(CLI::App& command, Arguments& arguments);
void take_list(CLI::App& command, Arguments& arguments);
void take_id(CLI::App& command, Arguments& arguments);
void take_id_and_json(CLI::App& command, Arguments& arguments);
void take_ids(CLI::App& command, Arguments& arguments);
void take_key(CLI::App& command, Arguments& arguments);
void take_reason(CLI::App& command, Arguments& arguments);
void take_yes(CLI::App& command, Arguments& arguments);
void take_ids_and_reason(CLI::App& command, Arguments& arguments);
void take_maildrop(CLI::App& command, Arguments& arguments);
void take_queue(CLI::App& command, Arguments& arguments);
void take_requeue(CLI::App& command, Arguments& arguments);
void take_erase(CLI::App& command, Arguments& arguments);
void take_import(CLI::App& command, Arguments& arguments);
void take_import_mbox(CLI::App& command, Arguments& arguments);
void take_address(CLI::App& command, Arguments& arguments);
void take_general_yml(CLI::App& command, Arguments& arguments);
void take_reconcile(CLI::App& command, Arguments& arguments);
void take_refusals(CLI::App& command, Arguments& arguments);
void take_export(CLI::App& command, Arguments& arguments);
void take_passwd(CLI::App& command, Arguments& arguments);
void take_tls(CLI::App& command, Arguments& arguments);
void take_client(CLI::App& command, Arguments& arguments);
void take_verify(CLI::App& command, Arguments& arguments);
void take_repair(CLI::App& command, Arguments& arguments);
void take_subset(CLI::App& command, Arguments& arguments);
void take_restore(CLI::App& command, Arguments& arguments);
void take_judge(CLI::App& command, Arguments& arguments);
void take_parts(CLI::App& command, Arguments& arguments);
void take_quarantine_list(CLI::App& command, Arguments& arguments);
void take_release(CLI::App& command, Arguments& arguments);
void take_filter_worker(CLI::App& command, Arguments& arguments);
void take_drill(CLI::App& command, Arguments& arguments);

}  // namespace guichet::cli
