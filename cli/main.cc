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
#include "cli/arguments.h"
#include "cli/backup.h"
#include "cli/client.h"
#include "cli/command_pages.h"
#include "cli/completion.h"
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
#include "cli/manual.h"
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

int run_judge(const conf::Settings& settings, const Arguments& arguments) {
  auto options = arguments.judge;
  if (arguments.again) return options.again = arguments.ids, judge_again(settings, options);
  if (arguments.ids.size() != 1) return complain("judge needs one FILE, or --again"), bad_usage;
  options.file = arguments.ids.front();
  return judge(settings, options);
}

QuarantineOptions quarantine_options(const Arguments& a) {
  return {.ids = a.ids, .reason = a.reason, .maildrop = a.maildrop, .yes = a.yes, .json = a.json};
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

std::vector<CommandPage> all_pages();

int print_manual() {
  std::cout << manual(all_pages(), GUICHET_VERSION);
  return 0;
}

template <Shell shell>
int print_completion() {
  std::cout << completion(shell, all_pages());
  return 0;
}

int refuse_split() {
  complain("this release serves SMTP and POP3 in one process: guichet run");
  return bad_usage;
}

constexpr auto commands = std::to_array<Command>({
    {"", "run", "Serve: receive mail by SMTP, hand it out by POP3", take_nothing,
     [](const conf::Settings& s, const Arguments& a) { return run_gateway(s, a.config_file); }},
    {"", "list", "List the messages, newest first", take_list,
     [](const conf::Settings& s, const Arguments& a) { return list(s, a.list); }},
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
    {"completion", "bash", "What bash needs to complete words", take_nothing, print_completion<Shell::bash>},
    {"completion", "zsh", "What zsh needs to complete words", take_nothing, print_completion<Shell::zsh>},
    {"", "manual", "The manual page of all commands", take_nothing, print_manual},
    {"", "smtpd", "Serve SMTP alone (not in this release)", take_nothing, refuse_split},
    {"", "popd", "Serve POP3 alone (not in this release)", take_nothing, refuse_split},
});

const std::map<std::string, std::string> group_summaries{
    {"backup", "The copies off-site"},
    {"import", "What other mailboxes hold"},
    {"index", "What can be had again from the volumes"},
    {"quarantine", "What rules keep from Alaveteli"},
    {"completion", "What a shell needs to complete words"},
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
  [[nodiscard]] std::vector<CommandPage> pages() const { return command_pages(app_); }

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

std::vector<CommandPage> all_pages() {
  return CommandLine().pages();
}

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
