// What a gateway can be told. Filled by conf/reader.h from TOML; the one declaration of every key with type,
// default, unit, range and text is conf/declaration.cc, and the sample file is generated from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace guichet::conf {

enum class RecipientPolicy { prefix, strict };
enum class LogFormat { text, json };
enum class LineEndings { keep, strict };

struct StoreSettings {
  std::filesystem::path path = "/var/lib/guichet";  // volumes, index, spool
  std::uint64_t volume_octets_max = 256ull << 20;   // a volume is sealed at this size
  unsigned volume_age_max_days = 7;                 // or at this age; 0: by size alone
  std::uint64_t prepare_octets = 8ull << 20;        // zero-filled ahead, in steps of at most this
  unsigned commit_wait_us = 150;                    // 0 to 300; a batch waits this long for others in DATA
  std::uint64_t spool_octets_min = 2ull << 20;      // a body larger than this goes to a spool file
  std::uint64_t bodies_octets_max = 256ull << 20;   // memory for bodies in all sessions together
  unsigned reserve_percent = 5;                     // 0 to 5; of the file system, kept free
  unsigned scrub_days = 7;                          // everything is read this often; 0: never
  unsigned scrub_mib_per_s = 10;                    // no faster than this; 0: as fast as it goes
};

struct SmtpdSettings {
  std::vector<std::string> listen;      // "127.0.0.1:2525", "[::1]:2525"
  std::vector<std::string> listen_tls;  // implicit TLS
  std::string hostname = "localhost";
  std::filesystem::path tls_cert, tls_key;  // PEM; both or neither; empty: no STARTTLS
  std::vector<std::string> trusted_networks = {"127.0.0.0/8", "::1/128"};  // CIDR; no per-address limits
  std::vector<std::string> proxy_protocol_from;  // CIDR; a PROXY header comes before the greeting
  std::vector<std::string> xclient_from;         // CIDR; may say whom they speak for by XCLIENT
  std::vector<std::string> trusted_upstream;     // CIDR; our own servers that hand mail on to this one
  unsigned threads = 1;
  unsigned busy_poll_us = 100;
  unsigned sessions_max = 2000;
  unsigned sessions_per_address_max = 50;
  std::uint64_t message_octets_max = 220'000'000;
  unsigned recipients_max = 100;
  unsigned command_octets_max = 4096;
  unsigned errors_max = 10;
  unsigned guesses_max = 100;  // recipients that are wrong, from one address in an hour; 0: no limit
  bool chunking = false;       // BDAT
  LineEndings line_endings = LineEndings::keep;  // of bodies: a bare CR or LF is kept, or refused
  unsigned idle_timeout_s = 300;
  unsigned command_timeout_s = 60;            // from the first octet of a command to its line end
  unsigned session_timeout_s = 3600;          // between two messages that were filed
  unsigned messages_per_minute_max = 1000;    // from one address; 0: any number
  unsigned recipients_per_minute_max = 5000;  // the same
  unsigned data_rate_octets_per_s_min = 500;  // slower for a minute ends the session: 421
  bool soft_refuse = false;                   // what would be refused for good is put off instead
  unsigned starttls_withheld_h = 24;          // from an address whose handshake failed; 0: from nobody
};

struct ResolverSettings {
  std::vector<std::string> servers;  // "127.0.0.1:53"; empty: those of /etc/resolv.conf
  unsigned deadline_ms = 1500;       // from connect on, for all that is asked of a client
  unsigned in_flight_max = 256;
};

enum class EarlyTalkers { tag, refuse };
enum class Listed { tag, defer, refuse };

// All of it off. None of it is ever applied to a GENUINE recipient.
struct FrontDoorSettings {
  bool reverse_name = false;
  unsigned greet_delay_ms = 0;  // 0: none
  EarlyTalkers early_talkers = EarlyTalkers::tag;
  bool helo_checks = false;
  unsigned threshold = 1;  // the weights of the lists that name a client, those that allow subtracted
  Listed listed = Listed::defer;
  bool greylist = false;
  unsigned greylist_delay_s = 300;
  unsigned greylist_window_h = 48;      // to come back in
  unsigned greylist_known_days = 3650;  // who delivered is known for so long after the last time
  unsigned greylist_rows_max = 200'000;
  std::vector<std::string> allow, deny;  // networks, senders, names of clients
  std::filesystem::path allow_file, deny_file;
};

struct FrontDoorList {  // [[front_door.list]]
  std::string zone;     // "zen.spamhaus.org"
  unsigned weight = 1;
  bool allows = false;  // a list of good clients: its weight is subtracted
  std::string answer;   // "127.0.0.*"; empty: whatever it answers
};

struct PopdSettings {
  std::vector<std::string> listen;
  std::vector<std::string> listen_tls;      // implicit TLS
  std::filesystem::path tls_cert, tls_key;  // empty: smtpd's
  unsigned sessions_max = 200;
  unsigned sessions_per_address_max = 20;
  unsigned session_messages_max = 1;  // 0: all
  unsigned offers_max = 10;           // in vain, then a delivery is stuck; 0: never
  unsigned waiting_alarm_h = 24;      // longer than this: an alarm; 0: never
  unsigned displace_after_s = 600;    // a session that says nothing, by another login
  unsigned login_delay_max_s = 15;    // of the answer to a wrong password; 0: none
  unsigned login_failures_max = 20;   // from one address, then it is locked; 0: never
  unsigned login_lock_s = 900;
  unsigned idle_timeout_s = 1800;
};

// What holds for TLS wherever it is spoken.
struct TlsSettings {
  unsigned handshake_timeout_s = 10;
  unsigned expiry_alarm_days = 14;  // 0: only when it has expired
};

struct RefusalsSettings {
  unsigned keep_days = 90;  // 0: none are kept
  unsigned per_client_per_minute_max = 20;
  unsigned per_minute_max = 600;
  std::uint64_t octets_per_day_max = 16ull << 20;
};

struct CertificatePair {            // [[certificate]]
  std::filesystem::path cert, key;  // PEM
};

struct GatewaySettings {
  unsigned shutdown_grace_s = 10;
};

struct LogSettings {
  LogFormat format = LogFormat::text;
  std::string level = "info";          // debug, info, warn, error
  std::filesystem::path postfix_path;  // with the date behind it: a second log, as Postfix writes it
};

struct Site {                         // [[site]]
  std::string domain;                 // "example.test"
  std::string prefix;                 // "foi+"
  std::filesystem::path secret_file;  // INCOMING_EMAIL_SECRET; may be empty
  std::filesystem::path reject_list;  // of closed requests, as Alaveteli generates it; may be empty
  std::string maildrop;               // name of a [[maildrop]]
  RecipientPolicy recipients = RecipientPolicy::prefix;
  unsigned keep_handed_over_days = 0;  // 0: for ever
};

// How a maildrop's messages leave it: collected over POP3, or pushed (handover/).
enum class MaildropDriver { pop3, maildir, action_mailbox, pipe, smtp };
enum class RelayTls { never, when_offered, required };

struct Maildrop {    // [[maildrop]]
  std::string name;  // the POP3 user name
  MaildropDriver driver = MaildropDriver::pop3;
  std::filesystem::path password_file;         // first line, for pop3 clear or a hash; or
  std::string password_hash;                   // crypt(3): $7$…, $y$…, $6$…
  std::filesystem::path path;                  // maildir: the folder with tmp, new and cur in it
  std::string url;                             // action_mailbox: the relay ingress
  std::filesystem::path ca_file;               // action_mailbox, smtp: who vouches for the other side
  std::vector<std::string> command;            // pipe: a whole path, then its arguments
  std::vector<std::string> environment;        // pipe: NAME=VALUE
  std::vector<std::string> refusing_exits;     // pipe: these mean: never again
  std::string relay;                           // smtp: HOST:PORT
  RelayTls starttls = RelayTls::when_offered;  // smtp
  unsigned time_limit_s = 300;                 // of one attempt
};

struct Route {                          // [[route]]
  std::vector<std::string> recipients;  // LOCAL@DOMAIN, * stands for anything
  std::string maildrop;                 // name of a [[maildrop]]; empty: accepted, kept and handed to nobody
};

struct BackupSettings {
  std::string repository;              // as restic has it; empty: no backup
  std::filesystem::path envdir;        // one file for each environment variable of restic
  std::filesystem::path prune_envdir;  // the same, for whoever may delete; empty: pruned elsewhere
  unsigned interval_s = 60;
  std::uint64_t upload_kib_per_s = 0;  // 0: no limit
  std::filesystem::path cacert_file;   // empty: the system's authorities
  unsigned retention_days = 90;
  unsigned alarm_after_s = 900;
  std::filesystem::path drill_path;  // where a drill restores; empty: the folder for temporary files
  unsigned drill_days = 7;           // 0: never
  std::string restic = "restic";     // a name is looked for in PATH
};

// All of it off. Filters run after the 250, rules on what they found out.
struct FilterSettings {
  bool authentication = false;  // SPF, DKIM, DMARC, and the name of the client
  bool parts = false;           // the MIME inventory
  unsigned workers = 4;
  unsigned deadline_s = 60;  // from the 250 on; then it is delivered unjudged
  unsigned memory_mib = 128;
  unsigned cpu_s = 2;
  std::string rspamd;  // "http://127.0.0.1:11333"; empty: not asked
  std::filesystem::path rspamd_password_file;
  unsigned rspamd_timeout_s = 10;
  std::string spam_header = "X-Spam-Score";
  bool ask_before_answer = false;
  std::string clamd;  // a path, or HOST:PORT; empty: not asked
  unsigned clamd_timeout_s = 30;
  std::uint64_t scan_octets_max = 100'000'000;
  unsigned quarantine_alarm_h = 72;   // nobody has looked for so long; 0: never
  std::string quarantine_digest_to;   // each day, while there is something; empty: nobody
  unsigned keep_discarded_days = 90;  // 0: as for the site

  [[nodiscard]] bool any() const { return authentication || parts || !rspamd.empty() || !clamd.empty(); }
};

enum class RuleAction { deliver, tag, quarantine, wait };

struct Rule {  // [[rule]]; a condition that is empty, or 0, does not ask
  std::string name;
  RuleAction action = RuleAction::deliver;
  unsigned wait_s = 600;
  std::vector<std::string> recipients, classes, from_domains, sender_domains;
  std::vector<std::string> spf, dkim, dmarc, kinds, files, virus;
  unsigned spam_score_min = 0;
  std::uint64_t size_octets_min = 0;
  bool unjudged = false;
};

struct Settings {
  StoreSettings store;
  SmtpdSettings smtpd;
  PopdSettings popd;
  TlsSettings tls;
  RefusalsSettings refusals;
  BackupSettings backup;
  GatewaySettings gateway;
  LogSettings log;
  std::vector<CertificatePair> certificates;  // beside those of [smtpd] and [popd]
  ResolverSettings resolver;
  FrontDoorSettings front_door;
  std::vector<FrontDoorList> front_door_lists;
  FilterSettings filters;
  std::vector<Rule> rules;
  std::vector<Site> sites;
  std::vector<Route> routes;
  std::vector<Maildrop> maildrops;
};

}  // namespace guichet::conf
