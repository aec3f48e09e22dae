// The one executable. Words in, one subcommand out; what a subcommand does is in the file of its name.
//
// Exit codes: 0 done; 1 it could not be done, or there is damage; 2 the command line or the configuration is
// wrong.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "cli/adopt.h"
#include "cli/backup.h"
#include "cli/client.h"
#include "cli/config.h"
#include "cli/drill.h"
#include "cli/erase.h"
#include "cli/export.h"
#include "cli/filter_worker.h"
#include "cli/gateway.h"
#include "cli/hold.h"
#include "cli/import.h"
#include "cli/index.h"
#include "cli/judge.h"
#include "cli/list.h"
#include "cli/parts.h"
#include "cli/passwd.h"
#include "cli/plain_text.h"
#include "cli/preflight.h"
#include "cli/quarantine.h"
#include "cli/queue.h"
#include "cli/raw.h"
#include "cli/recipient.h"
#include "cli/reconcile.h"
#include "cli/refusals.h"
#include "cli/repair.h"
#include "cli/requeue.h"
#include "cli/restore.h"
#include "cli/show.h"
#include "cli/status.h"
#include "cli/tls.h"
#include "cli/verify.h"
#include "conf/reader.h"

namespace guichet::cli {
namespace {

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

// --- The subcommands -----------------------------------------------------------------------------------

using Declare = void (*)(CLI::App& command, Arguments& arguments);
using Alone = int (*)();  // needs no configuration
using Configured = int (*)(const conf::Settings&, const Arguments&);
using Mixed = int (*)(Arguments&);  // may need it or not

struct Command {
  const char* group;  // "index" of "index rebuild"; "" for most
  const char* name;
  const char* summary;
  Declare declare;
  std::variant<Alone, Configured, Mixed> run;
};

void take_nothing(CLI::App&, Arguments&) {}

void take_json(CLI::App& command, Arguments& arguments) {
  command.add_flag("--json", arguments.json, "as JSON");
}

void take_limit(CLI::App& command, Arguments& arguments) {
  take_json(command, arguments);
  command.add_option("--limit", arguments.limit, "at most so many (0: all)")->type_name("N");
}

void take_id(CLI::App& command, Arguments& arguments) {
  command.add_option("ID", arguments.id, "id, digest or its header line; or how it begins")->required();
}

void take_id_and_json(CLI::App& command, Arguments& arguments) {
  take_id(command, arguments);
  take_json(command, arguments);
}

void take_ids(CLI::App& command, Arguments& arguments) {
  command.add_option("ID", arguments.ids, "ids, digests or their header lines; or how they begin");
}

void take_key(CLI::App& command, Arguments& arguments) {
  command.add_option("KEY", arguments.key, "section.key, as in smtpd.listen")->required();
}

void take_reason(CLI::App& command, Arguments& arguments) {
  command.add_option("--reason", arguments.reason, "why, for the record")->type_name("TEXT")->required();
}

void take_yes(CLI::App& command, Arguments& arguments) {
  command.add_flag("--yes", arguments.yes, "do not ask");
}

void take_ids_and_reason(CLI::App& command, Arguments& arguments) {
  take_ids(command, arguments);
  take_reason(command, arguments);
}

void take_maildrop(CLI::App& command, Arguments& arguments) {
  command.add_option("--maildrop", arguments.maildrop, "of this maildrop only")->type_name("NAME");
}

void take_queue(CLI::App& command, Arguments& arguments) {
  take_limit(command, arguments);
  take_maildrop(command, arguments);
}

void take_requeue(CLI::App& command, Arguments& arguments) {
  take_ids_and_reason(command, arguments);
  take_yes(command, arguments);
  command
      .add_option("--handed-over-since", arguments.since,
                  "all that was handed over since then, UTC: 2026-11-22 18:54")
      ->type_name("TIME");
  take_maildrop(command, arguments);
}

void take_erase(CLI::App& command, Arguments& arguments) {
  take_ids_and_reason(command, arguments);
  take_yes(command, arguments);
  take_json(command, arguments);
  command.add_flag("--dry-run", arguments.dry_run, "say what would be done");
  command.add_option("--digest", arguments.digest, "all messages with these octets")->type_name("SHA-256");
}

void take_import(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.import;
  command.add_option("PATH", options.path, "the mailbox; it is only read")->type_name("PATH")->required();
  command.add_option("--maildrop", options.maildrop, "where the messages go")->type_name("NAME")->required();
  command.add_option("--recipient", options.recipient, "of messages whose header names no address of a site")
      ->type_name("ADDRESS");
  command.add_flag("--handed-over", options.handed_over, "as history, which is never offered");
  command.add_flag("--dry-run", options.dry_run, "say what would be done");
}

void take_import_mbox(CLI::App& command, Arguments& arguments) {
  take_import(command, arguments);
  command
      .add_option("--from-quoting", arguments.import.from_quoting,
                  "how lines with \"From \" were quoted: mboxo (Postfix, Exim), mboxrd, or none; not said: "
                  "messages in which it matters are left out")
      ->type_name("DIALECT");
}

void take_address(CLI::App& command, Arguments& arguments) {
  command.add_option("ADDRESS", arguments.address, "as it would stand in RCPT TO")->required();
  take_json(command, arguments);
}

void take_general_yml(CLI::App& command, Arguments& arguments) {
  command.add_option("FILE", arguments.file, "Alaveteli's config/general.yml")->type_name("FILE")->required();
}

void take_reconcile(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.reconcile;
  command
      .add_option("FILE", options.file, "what Alaveteli holds: Message-IDs, SHA-1 or MD5 (docs/reconcile.md)")
      ->type_name("FILE")
      ->required();
  command.add_option("--since", options.since, "handed over at or after this time")->type_name("TIME");
  command.add_option("--until", options.until, "handed over before this time")->type_name("TIME");
  command.add_flag("--requeue", options.requeue, "offer again what is missing");
  command.add_option("--reason", options.reason, "why, for the record")->type_name("TEXT");
  command.add_flag("--confirm", options.confirm, "record that the others arrived");
  command.add_flag("--checksums", options.checksums,
                   "each line is a Message-ID and the checksum of what is held: compare both");
  command.add_flag("--unknown", options.unknown, "name what is held there and not known here");
}

void take_refusals(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.refusals;
  command.add_flag("--json", options.json, "as JSON");
  command.add_option("--limit", options.limit, "at most so many (0: all)")->type_name("N");
  command.add_option("--since", options.since, "at or after this time, UTC: 2026-11-22 18:54")
      ->type_name("TIME");
  command.add_option("--client", options.client, "of this client")->type_name("ADDR");
  command.add_option("--sender", options.sender, "whose sender holds this")->type_name("X");
  command.add_option("--recipient", options.recipient, "of which a recipient holds this")->type_name("X");
}

void take_export(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.out;
  command.add_option("ID", options.ids, "ids, digests or their header lines; or how they begin");
  command.add_flag("--all", options.all, "all messages");
  command.add_option("--since", options.since, "received at or after this time")->type_name("TIME");
  command.add_option("--until", options.until, "received before this time")->type_name("TIME");
  command.add_option("--maildrop", options.maildrop, "of this maildrop only")->type_name("NAME");
  command
      .add_option("--to", options.to,
                  "a folder; for mbox, and for one message as eml, a file that is not there")
      ->type_name("PATH")
      ->required();
  command.add_option("--format", options.format, "eml, maildir or mbox")->type_name("FORMAT")->required();
  command.add_flag("--served", options.served, "as handed out, one for each delivery, not as received");
}

void take_passwd(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.passwd;
  command.add_flag("--generate", options.generate, "make a password, and print it this once");
  command
      .add_option("--file", options.file, "write the hash here, for password_file, instead of printing it")
      ->type_name("PATH");
}

void take_tls(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.tls;
  command.add_flag("--json", options.json, "as JSON");
  command.add_flag("--enforce", options.enforce, "the MTA-STS policy with mode enforce, not testing");
  command.add_option("--max-age-s", options.max_age_s, "how long senders keep the policy (604800)")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::uint64_t{86'400}, std::uint64_t{31'557'600}));
  command
      .add_option("--reports-to", options.reports_to,
                  "whom TLS reports are sent to (postmaster of each domain)")
      ->type_name("ADDRESS");
}

void take_client(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.client;
  command.add_option("ADDRESS", options.address, "the client's IP address")->required();
  command.add_option("--helo", options.helo, "the name it gives itself")->type_name("NAME");
  command.add_option("--sender", options.sender, "what it says in MAIL FROM")->type_name("ADDRESS");
  command.add_option("--recipient", options.recipient, "whom it writes to, for greylisting")
      ->type_name("ADDRESS");
  command.add_flag("--json", options.json, "as JSON");
}

void take_verify(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.verify;
  command.add_flag("--json", options.json, "as JSON");
  auto* incremental =
      command.add_flag("--incremental", options.incremental,
                       "only what was not verified since it was written: sealed volumes known to be sound, "
                       "and not changed since, are left out");
  auto* resume =
      command.add_flag("--resume", options.resume, "go on with a run over everything that was interrupted");
  auto* last = command.add_flag("--last", options.last,
                                "read nothing: what the last runs and the gateway's scrub found");
  command.add_option("--rate-mib-per-s", options.rate_mib_per_s, "read no faster than this (0: no limit)")
      ->type_name("N");
  incremental->excludes(resume)->excludes(last);
  resume->excludes(last);
}

void take_repair(CLI::App& command, Arguments& arguments) {
  command
      .add_option(
          "--restore-from", arguments.repair.restore_from,
          "fetch damaged volumes from here, a repository as restic names it or a copy of the store; the "
          "gateway must be stopped")
      ->type_name("REPO");
}

void take_subset(CLI::App& command, Arguments& arguments) {
  command
      .add_option("--read-data-subset", arguments.read_data_subset,
                  "read the copied octets too: a share of them (5%, 1/7) or so many (500M)")
      ->type_name("SHARE");
}

void take_repository(CLI::App& command, std::string& from, std::filesystem::path& envdir) {
  command.add_option("--from", from, "a repository as restic names it, or a folder with a copy of a store")
      ->type_name("REPO");
  command.add_option("--envdir", envdir, "a folder with the repository's keys, one file each")
      ->type_name("DIR");
}

void take_restore(CLI::App& command, Arguments& arguments) {
  auto& request = arguments.restore;
  take_repository(command, request.from, request.envdir);
  command.get_option("--from")->required();
  command
      .add_option("--at", request.at, "as of this time: 2026-11-23T04:30:00Z, or \"2026-11-23 04:30\" (UTC)")
      ->type_name("TIME");
  auto* merge = command.add_flag("--merge", arguments.merge, "bring the history into the configured store");
  command
      .add_flag("--detached", request.detached, "a copy to look at: hands nothing over until guichet adopt")
      ->excludes(merge);
  command
      .add_flag("--offer-again", request.offer_again,
                "hand over once more what was handed over before, under new uids")
      ->excludes(merge);
  command.add_flag("--with-damage", request.with_damage, "use what there is, although there is damage");
  command.add_option("DIR", request.folder, "where to, an empty folder")->type_name("DIR")->excludes(merge);
}

void take_judge(CLI::App& command, Arguments& arguments) {
  auto& judge = arguments.judge;
  auto* again =
      command.add_flag("--again", arguments.again, "look once more at messages that are in the store");
  command.add_option("FILE", arguments.ids, "a message; -: standard input; with --again, ids of messages");
  command.add_option("--client", judge.client, "the address it comes from")->type_name("ADDRESS");
  command.add_option("--helo", judge.helo, "the name that its client gives")->type_name("NAME");
  command.add_option("--mail-from", judge.mail_from, "its envelope sender")->type_name("ADDRESS");
  command.add_option("--rcpt", judge.recipients, "its recipients, for rules")->type_name("ADDRESS");
  command.add_flag("--rules", judge.rules, "say of each rule whether it holds");
  command.add_option("--since", judge.since, "messages received from this time on")
      ->type_name("TIME")
      ->needs(again);
  command.add_option("--until", judge.until, "and before this one")->type_name("TIME")->needs(again);
  command.add_flag("--yes", judge.yes, "do not ask")->needs(again);
  command.add_flag("--json", judge.json, "as JSON");
}

int run_judge(const conf::Settings& settings, const Arguments& arguments) {
  auto options = arguments.judge;
  if (arguments.again) return options.again = arguments.ids, judge_again(settings, options);
  if (arguments.ids.size() != 1) return complain("judge needs one FILE, or --again"), bad_usage;
  options.file = arguments.ids.front();
  return judge(settings, options);
}

void take_parts(CLI::App& command, Arguments& arguments) {
  take_id(command, arguments);
  command.add_option("--extract", arguments.parts.extract, "write the octets of this part, decoded")
      ->type_name("NUMBER");
  take_json(command, arguments);
}

void take_quarantine_list(CLI::App& command, Arguments& arguments) {
  take_json(command, arguments);
  take_maildrop(command, arguments);
}

void take_release(CLI::App& command, Arguments& arguments) {
  take_ids_and_reason(command, arguments);
  take_yes(command, arguments);
}

QuarantineOptions quarantine_options(const Arguments& a) {
  return {.ids = a.ids, .reason = a.reason, .maildrop = a.maildrop, .yes = a.yes, .json = a.json};
}

void take_filter_worker(CLI::App& command, Arguments& arguments) {
  auto& worker = arguments.filter_worker;
  command.group("");  // not for people
  command.add_flag("--authentication", worker.authentication);
  command.add_flag("--parts", worker.parts);
  command.add_option("--memory-mib", worker.memory_mib);
}

void take_drill(CLI::App& command, Arguments& arguments) {
  take_repository(command, arguments.drill.from, arguments.drill.envdir);
}

int run(Configured configured, Arguments& arguments);

int run_restore(Arguments& arguments) {
  if (arguments.merge)
    return run([](const conf::Settings& s, const Arguments& a) { return restore_merge(s, a.restore); },
               arguments);
  if (!arguments.restore.folder.empty()) return restore(arguments.restore);
  complain("restore needs a folder to restore into, or --merge");
  return bad_usage;
}

int refuse_split() {
  complain("this release serves SMTP and POP3 in one process: guichet run");
  return bad_usage;
}

constexpr auto commands = std::to_array<Command>({
    {"", "run", "Serve: receive mail by SMTP, hand it out by POP3", take_nothing,
     [](const conf::Settings& s, const Arguments& a) { return run_gateway(s, a.config_file); }},
    {"", "list", "List the messages, newest first", take_limit,
     [](const conf::Settings& s, const Arguments& a) { return list(s, {.json = a.json, .limit = a.limit}); }},
    {"", "show", "Show what is known of a message", take_id_and_json,
     [](const conf::Settings& s, const Arguments& a) { return show(s, {.id = a.id, .json = a.json}); }},
    {"", "raw", "Write the exact octets of a message, as received", take_id,
     [](const conf::Settings& s, const Arguments& a) { return raw(s, a.id); }},
    {"", "verify", "Read and check every octet of the store", take_verify,
     [](const conf::Settings& s, const Arguments& a) { return verify(s, a.verify); }},
    {"", "repair", "Say what of the damage can be had back, and from where; do it", take_repair,
     [](const conf::Settings& s, const Arguments& a) { return repair(s, a.repair); }},
    {"", "status", "How things stand, and what needs doing", take_json,
     [](const conf::Settings& s, const Arguments& a) { return status(s, {.json = a.json}); }},
    {"", "queue", "What is still to be handed over, and why it was not yet", take_queue,
     [](const conf::Settings& s, const Arguments& a) {
       return queue(s, {.maildrop = a.maildrop, .limit = a.limit, .json = a.json});
     }},
    {"", "requeue", "Offer again what was handed over, or is stuck", take_requeue,
     [](const conf::Settings& s, const Arguments& a) {
       return requeue(s, {a.ids, a.since, a.maildrop, a.reason, a.yes});
     }},
    {"", "erase", "Erase messages for good, in volumes and index", take_erase,
     [](const conf::Settings& s, const Arguments& a) {
       return erase(s, {a.ids, a.digest, a.reason, a.yes, a.dry_run, a.json});
     }},
    {"", "hold", "Keep messages from being erased", take_ids_and_reason,
     [](const conf::Settings& s, const Arguments& a) { return hold(s, a.ids, a.reason); }},
    {"", "release", "End a hold", take_ids_and_reason,
     [](const conf::Settings& s, const Arguments& a) { return release(s, a.ids, a.reason); }},
    {"import", "maildir", "Bring what a Maildir holds into the store", take_import,
     [](const conf::Settings& s, const Arguments& a) { return import_maildir(s, a.import); }},
    {"import", "mbox", "Bring what an mbox holds into the store", take_import_mbox,
     [](const conf::Settings& s, const Arguments& a) { return import_mbox(s, a.import); }},
    {"", "export", "Write messages as files: eml, Maildir or mbox", take_export,
     [](const conf::Settings& s, const Arguments& a) { return export_messages(s, a.out); }},
    {"", "reconcile", "Compare what was handed over with what Alaveteli holds", take_reconcile,
     [](const conf::Settings& s, const Arguments& a) { return reconcile(s, a.reconcile); }},
    {"", "refusals", "What was refused, and what exactly was answered", take_refusals,
     [](const conf::Settings& s, const Arguments& a) { return refusals(s, a.refusals); }},
    {"index", "rebuild", "Make the index anew from the volumes", take_nothing,
     [](const conf::Settings& s, const Arguments&) { return index_rebuild(s); }},
    {"backup", "init", "Make the repository off-site", take_nothing,
     [](const conf::Settings& s, const Arguments&) { return backup_init(s); }},
    {"backup", "now", "Copy what is new off-site, now", take_nothing,
     [](const conf::Settings& s, const Arguments&) { return backup_now(s); }},
    {"backup", "status", "Say what is off-site and since when", take_json,
     [](const conf::Settings& s, const Arguments& a) { return backup_status(s, a.json); }},
    {"backup", "check", "Check the repository off-site", take_subset,
     [](const conf::Settings& s, const Arguments& a) { return backup_check(s, a.read_data_subset); }},
    {"backup", "prune", "Thin out the copies off-site, with the keys that may delete", take_nothing,
     [](const conf::Settings& s, const Arguments&) { return backup_prune(s); }},
    {"", "restore", "Make a store again, from a backup or another copy", take_restore, run_restore},
    {"", "adopt", "Make a detached copy the real thing", take_yes,
     [](const conf::Settings& s, const Arguments& a) { return adopt(s, a.yes); }},
    {"backup", "drill", "Restore the newest snapshot in a scratch folder, and compare", take_drill,
     [](const conf::Settings& s, const Arguments& a) { return backup_drill(s, a.drill); }},
    {"", "recipient", "Say what a recipient would be answered, and why", take_address,
     [](const conf::Settings& s, const Arguments& a) {
       return recipient(s, {a.address, a.json});
     }},
    {"", "passwd", "Make the hash of a POP3 password", take_passwd,
     [](Arguments& a) { return passwd(a.passwd); }},
    {"tls", "show", "The certificates, and what DNS must say of them", take_tls,
     [](const conf::Settings& s, const Arguments& a) { return tls_show(s, a.tls); }},
    {"", "client", "Say what the front door would answer a client, and why", take_client,
     [](const conf::Settings& s, const Arguments& a) { return client(s, a.client); }},
    {"", "preflight", "Read Alaveteli's general.yml and say what must change", take_general_yml,
     [](const conf::Settings& s, const Arguments& a) { return preflight(s, a.file); }},
    {"", "judge", "Say what filters and rules make of a message", take_judge, run_judge},
    {"", "parts", "List the parts of a message, or write one out", take_parts,
     [](const conf::Settings& s, const Arguments& a) {
       return parts(s, {.id = a.id, .extract = a.parts.extract, .json = a.json});
     }},
    {"quarantine", "list", "What rules keep from Alaveteli", take_quarantine_list,
     [](const conf::Settings& s, const Arguments& a) { return quarantine_list(s, quarantine_options(a)); }},
    {"quarantine", "show", "Show what is known of a message", take_id_and_json,
     [](const conf::Settings& s, const Arguments& a) { return show(s, {.id = a.id, .json = a.json}); }},
    {"quarantine", "release", "Deliver messages after all", take_release,
     [](const conf::Settings& s, const Arguments& a) {
       return quarantine_release(s, quarantine_options(a));
     }},
    {"quarantine", "discard", "Never deliver them", take_release,
     [](const conf::Settings& s, const Arguments& a) {
       return quarantine_discard(s, quarantine_options(a));
     }},
    {"", "filter-worker", "Read what strangers wrote, for the gateway", take_filter_worker,
     [](Arguments& a) { return filter_worker(a.filter_worker); }},
    {"config", "sample", "Print a configuration with every key there is", take_nothing, config_sample},
    {"config", "explain", "Say what a key does, what it may be, and its default", take_key,
     [](Arguments& a) { return config_explain(a.key); }},
    {"config", "check", "Read the configuration and name every mistake", take_nothing,
     [](const conf::Settings& s, const Arguments& a) { return config_check(s, a.config_file); }},
    {"", "smtpd", "Serve SMTP alone (not in this release)", take_nothing, refuse_split},
    {"", "popd", "Serve POP3 alone (not in this release)", take_nothing, refuse_split},
});

const std::map<std::string, std::string> group_summaries{{"backup", "The copies off-site"},
                                                         {"import", "What other mailboxes hold"},
                                                         {"index", "What can be had again from the volumes"},
                                                         {"quarantine", "What rules keep from Alaveteli"},
                                                         {"config", "The configuration file"},
                                                         {"tls", "Encryption on the way here"}};

// --- The command line ----------------------------------------------------------------------------------

class CommandLine {
 public:
  CommandLine() {
    app_.set_version_flag("--version", "guichet " GUICHET_VERSION);
    app_.add_option("-c,--config", arguments_.config_file, "configuration file")->type_name("FILE");
    // One word each: the next one may be the subcommand.
    app_.add_option("--set", arguments_.overrides, "overrides a key of the file; may be given again")
        ->type_name("SECTION.KEY=VALUE")
        ->allow_extra_args(false);
    app_.require_subcommand(1);
    for (const Command& command : commands)
      declare(command);
  }

  // The subcommand that was asked for; or an exit code, when there is nothing left to do.
  std::variant<const Command*, int> parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& said) {
      return app_.exit(said);
    } catch (const CLI::ParseError& error) {
      complain(std::string(error.what()) + "; see guichet --help");
      return bad_usage;
    }
    for (const auto& [declared, command] : declared_)
      if (declared->parsed()) return command;
    return bad_usage;
  }

  Arguments& arguments() { return arguments_; }

 private:
  // fallthrough: -c and --set may stand after the subcommand too.
  void declare(const Command& command) {
    CLI::App* declared = parent(command.group)->add_subcommand(command.name, command.summary)->fallthrough();
    command.declare(*declared, arguments_);
    declared_.emplace(declared, &command);
  }

  CLI::App* parent(const std::string& group) {
    if (group.empty()) return &app_;
    CLI::App*& made = groups_[group];
    if (!made)
      made = app_.add_subcommand(group, group_summaries.at(group))->require_subcommand(1)->fallthrough();
    return made;
  }

  Arguments arguments_;
  CLI::App app_{"Guichet: the inbound mail gateway of an Alaveteli site", "guichet"};
  std::map<std::string, CLI::App*> groups_;
  std::map<CLI::App*, const Command*> declared_;
};

// --- From words to an exit code ------------------------------------------------------------------------

int run(Configured configured, Arguments& arguments) {
  if (arguments.config_file.empty()) arguments.config_file = default_config_file();
  const auto settings = conf::read_settings(arguments.config_file, arguments.overrides);
  if (settings) return configured(*settings, arguments);
  for (const auto& mistake : settings.error())
    complain(mistake.text);
  return bad_usage;
}

int run(const Command& command, Arguments& arguments) {
  if (const auto* alone = std::get_if<Alone>(&command.run)) return (*alone)();
  if (const auto* mixed = std::get_if<Mixed>(&command.run)) return (*mixed)(arguments);
  return run(std::get<Configured>(command.run), arguments);
}

// Half an answer on a full disk must not look like a whole one.
int after_output(int code) {
  std::cout.flush();
  if (std::cout) return code;
  return complain("cannot write to standard output");
}

int run(int argc, char** argv) {
  CommandLine line;
  const auto asked = line.parse(argc, argv);
  if (const int* code = std::get_if<int>(&asked)) return after_output(*code);
  return after_output(run(*std::get<const Command*>(asked), line.arguments()));
}

}  // namespace
}  // namespace guichet::cli

int main(int argc, char** argv) {
  // Mail and who wrote it, in volumes, spool and index alike, is not for every user of the machine.
  ::umask(0027);
  return guichet::cli::run(argc, argv);
}
