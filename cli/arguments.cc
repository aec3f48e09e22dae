#include "cli/arguments.h"

#include <CLI/CLI.hpp>

namespace guichet::cli {
namespace {

void take_repository(CLI::App& command, std::string& from, std::filesystem::path& envdir) {
  command.add_option("--from", from, "a repository as restic names it, or a folder with a copy of a store")
      ->type_name("REPO");
  command.add_option("--envdir", envdir, "a folder with the repository's keys, one file each")
      ->type_name("DIR");
}

// Of whatever has both.
template <class Options>
void take_output(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "as JSON");
  command.add_option("--limit", options.limit, "at most so many (0: all)")->type_name("N");
}

template <class Options>
void take_whom(CLI::App& command, Options& options) {
  command.add_option("--sender", options.sender, "whose sender holds this")->type_name("X");
  command.add_option("--recipient", options.recipient, "of which a recipient holds this")->type_name("X");
}

}  // namespace

void take_nothing(CLI::App&, Arguments&) {}

void take_json(CLI::App& command, Arguments& arguments) {
  command.add_flag("--json", arguments.json, "as JSON");
}

void take_limit(CLI::App& command, Arguments& arguments) {
  take_output(command, arguments);
}

void take_list(CLI::App& command, Arguments& arguments) {
  auto& options = arguments.list;
  take_output(command, options);
  command.add_option("--since", options.since, "received at or after this time, UTC: 2026-11-22 18:54")
      ->type_name("TIME");
  command.add_option("--until", options.until, "received before this time")->type_name("TIME");
  take_whom(command, options);
  command.add_option("--state", options.state, "of which a delivery is in this state")
      ->check(CLI::IsMember(
          {"none", "waiting", "offered", "stuck", "quarantined", "handed_over", "requeued", "erased"}));
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
  take_output(command, options);
  command.add_option("--since", options.since, "at or after this time, UTC: 2026-11-22 18:54")
      ->type_name("TIME");
  command.add_option("--client", options.client, "of this client")->type_name("ADDR");
  take_whom(command, options);
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

}  // namespace guichet::cli
