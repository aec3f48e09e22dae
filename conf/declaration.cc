#include "conf/declaration.h"

#include <algorithm>

#include "conf/declaration_filters.h"
#include "conf/declaration_front_door.h"
#include "conf/declaration_refusals.h"
#include "conf/declaration_sites.h"
#include "conf/declaration_tls.h"
#include "conf/place.h"

namespace guichet::conf {
namespace {

constexpr std::uint64_t kib = 1ull << 10;
constexpr std::uint64_t mib = 1ull << 20;
constexpr std::uint64_t gib = 1ull << 30;
constexpr std::uint64_t sessions_max = 100'000;
constexpr std::uint64_t day_s = 86'400;

// --- The options ----------------------------------------------------------------------------------------

Section store_section() {
  return {
      .name = "store",
      .doc = "The archive: every message as it was received, in volumes that only ever grow.",
      .options = {
          {.key = "path",
           .place = at(&Settings::store, &StoreSettings::path),
           .form = PathText{},
           .doc = "The folder of the archive: volumes, index and spool. Put it on a local file system, on a "
                  "disk that keeps what it says it has written: until a copy is made off-site, messages are "
                  "here and nowhere else."},
          {.key = "volume_octets_max",
           .place = at(&Settings::store, &StoreSettings::volume_octets_max),
           .form = Number{.min = 64 * kib, .max = 64 * gib, .unit = "octets"},
           .doc =
               "A volume is sealed at this size and never changes again. Lower it to send an off-site copy "
               "in smaller pieces, raise it to have fewer files."},
          {.key = "volume_age_max_days",
           .place = at(&Settings::store, &StoreSettings::volume_age_max_days),
           .form = Number{.min = 0, .max = 3650, .unit = "days"},
           .doc = "A volume is sealed at this age too, with the first message after it, however small it is; "
                  "0 seals by size alone."},
          {.key = "prepare_octets",
           .place = at(&Settings::store, &StoreSettings::prepare_octets),
           .form = Number{.min = 0, .max = 8 * mib, .unit = "octets"},
           .doc =
               "The current volume is filled with zeros ahead of the messages, in steps of at most this, "
               "which makes the write that a 250 waits for cheaper. Lower it on a very small disk; 0 turns "
               "it off."},
          {.key = "commit_wait_us",
           .place = at(&Settings::store, &StoreSettings::commit_wait_us),
           .form = Number{.min = 0, .max = 300, .unit = "microseconds"},
           .doc =
               "How long a batch of messages waits for others that are still being received, so that one "
               "write to disk answers for more of them. It never waits when there are none. Raise it for a "
               "slow disk under many senders."},
          {.key = "spool_octets_min",
           .place = at(&Settings::store, &StoreSettings::spool_octets_min),
           .form = Number{.min = 4 * kib, .max = gib, .unit = "octets"},
           .doc = "A body larger than this is received into a file instead of memory. Lower it where memory "
                  "is short."},
          {.key = "bodies_octets_max",
           .place = at(&Settings::store, &StoreSettings::bodies_octets_max),
           .form = Number{.min = 64 * kib, .max = 64 * gib, .unit = "octets"},
           .doc =
               "Memory for the bodies of all sessions together. Past it senders are made to wait, and then "
               "put off with 452. Raise it when that happens and there is memory to spare."},
          {.key = "reserve_percent",
           .place = at(&Settings::store, &StoreSettings::reserve_percent),
           .form = Number{.min = 0, .max = 5, .unit = "percent"},
           .doc =
               "The share of the file system kept free for what must always be written, such as the record "
               "that a message was handed over. New messages are put off with 452 before it is touched. "
               "Lower it on a large disk."},
          {.key = "scrub_days",
           .place = at(&Settings::store, &StoreSettings::scrub_days),
           .form = Number{.min = 0, .max = 365, .unit = "days"},
           .doc = "While it serves, the gateway reads the whole archive once in so many days and compares it "
                  "with its digests, so that a disk that forgets is noticed while there is another copy. 0 "
                  "turns it off; guichet verify does the same."},
          {.key = "scrub_mib_per_s",
           .place = at(&Settings::store, &StoreSettings::scrub_mib_per_s),
           .form = Number{.min = 0, .max = 10'000, .unit = "mebioctets a second"},
           .doc = "How fast the archive is read for that, at most. Raise it for an archive of more than 5 "
                  "tebioctets, which takes longer than a week at 10; 0 is no limit."},
      }};
}

Section smtpd_section() {
  return {
      .name = "smtpd",
      .doc = "Receiving mail, by SMTP.",
      .options = {
          {.key = "listen",
           .place = at(&Settings::smtpd, &SmtpdSettings::listen),
           .form = TextList{.shape = &listen_address},
           .doc = "Where to receive mail: the addresses that the MX record of each site leads to, with port "
                  "25, such as [\"192.0.2.10:25\", \"[2001:db8::10]:25\"]. Empty: no mail is received."},
          {.key = "listen_tls",
           .place = at(&Settings::smtpd, &SmtpdSettings::listen_tls),
           .form = TextList{.shape = &listen_address},
           .doc = "Where to receive mail with TLS from the first octet on, usually port 465. Other mail "
                  "servers never come this way, so it is for a relay or a scanner that asks for it; it "
                  "needs tls_cert. Empty: nowhere."},
          {.key = "hostname",
           .place = at(&Settings::smtpd, &SmtpdSettings::hostname),
           .form = Text{.shape = &domain_name},
           .doc = "The name this gateway gives itself, in its greeting and in the Received fields it adds. "
                  "Set it to the name in the MX record."},
          {.key = "tls_cert",
           .place = at(&Settings::smtpd, &SmtpdSettings::tls_cert),
           .form = PathText{},
           .doc = "Certificate in PEM, followed by its chain; with it STARTTLS is offered. Set it together "
                  "with tls_key. Empty: mail is received in clear only."},
          {.key = "tls_key",
           .place = at(&Settings::smtpd, &SmtpdSettings::tls_key),
           .form = PathText{},
           .doc = "The private key of tls_cert, in PEM."},
          {.key = "starttls_withheld_h",
           .place = at(&Settings::smtpd, &SmtpdSettings::starttls_withheld_h),
           .form = Number{.min = 0, .max = 8760, .unit = "hours"},
           .doc = "For so long after a handshake that failed, its address (in IPv6 its /64) is not offered "
                  "STARTTLS, so that a broken old server sends in clear instead of trying for ever. "
                  "trusted_networks always are. 0: everybody always is."},
          {.key = "trusted_networks",
           .place = at(&Settings::smtpd, &SmtpdSettings::trusted_networks),
           .form = TextList{.shape = &network},
           .doc = "Clients in these networks are exempt from the limits per address. Add the relay through "
                  "which an authority or your own organisation sends all its mail. It permits nothing else: "
                  "this gateway relays for nobody."},
          {.key = "proxy_protocol_from",
           .place = at(&Settings::smtpd, &SmtpdSettings::proxy_protocol_from),
           .form = TextList{.shape = &network},
           .doc = "Load balancers, such as HAProxy, in front of this gateway: they must say by the PROXY "
                  "protocol, version 1 or 2, whose connection it is, and that one is the client then. From "
                  "anybody else the header is not read. Leave it empty when nothing stands in front."},
          {.key = "xclient_from",
           .place = at(&Settings::smtpd, &SmtpdSettings::xclient_from),
           .form = TextList{.shape = &network},
           .doc = "Servers in front, such as nginx as a mail proxy, that may say by XCLIENT whose session it "
                  "is; it begins anew then, with that client. From anybody else XCLIENT is refused."},
          {.key = "trusted_upstream",
           .place = at(&Settings::smtpd, &SmtpdSettings::trusted_upstream),
           .form = TextList{.shape = &network},
           .doc = "Mail servers of your own that accept the mail and hand it on to this one, such as a "
                  "Postfix that is the MX. The client that they name by XFORWARD is the one in records and "
                  "limits, their Authentication-Results are kept, and what they hand in is never refused for "
                  "good after RCPT, since they would bounce it. They must remove Authentication-Results that "
                  "came from outside."},
          {.key = "threads",
           .place = at(&Settings::smtpd, &SmtpdSettings::threads),
           .form = Number{.min = 1, .max = 64, .unit = {}},
           .doc = "Threads that serve connections. One is right on two processors, where a message costs "
                  "mostly disk and kernel; raise it on a larger machine, and measure."},
          {.key = "busy_poll_us",
           .place = at(&Settings::smtpd, &SmtpdSettings::busy_poll_us),
           .form = Number{.min = 0, .max = 1000, .unit = "microseconds"},
           .doc =
               "How long such a thread looks for more to do before it sleeps, letting others run meanwhile. "
               "A thread that sleeps has to be woken at every step of a session, and the client waits for "
               "that. It takes no time while nothing happens; 0 turns it off."},
          {.key = "sessions_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::sessions_max),
           .form = Number{.min = 1, .max = sessions_max, .unit = {}},
           .doc = "Sessions open at the same time; one more is answered 421. The last tenth is for clients "
                  "that have delivered before and for trusted_networks. From four fifths on, whoever is "
                  "not trusted is given ten seconds for a command instead of minutes. An idle session costs "
                  "little, so lower it only where memory is very short."},
          {.key = "sessions_per_address_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::sessions_per_address_max),
           .form = Number{.min = 1, .max = sessions_max, .unit = {}},
           .doc =
               "The same for one client address, or in IPv6 one /64, so that no one can take all sessions. "
               "Rather than raising it for one busy sender, put that one in trusted_networks."},
          {.key = "message_octets_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::message_octets_max),
           .form = Number{.min = 64 * kib, .max = 4 * gib, .unit = "octets"},
           .doc = "The largest message, announced as SIZE; a larger one is refused with 552. Authorities do "
                  "send attachments of 150 MB, and these grow by a third when encoded."},
          {.key = "recipients_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::recipients_max),
           .form = Number{.min = 1, .max = 10'000, .unit = {}},
           .doc = "Recipients of one message; one more is answered 452 and its sender comes back with it. "
                  "RFC 5321 section 4.5.3.1.8 asks for at least 100."},
          {.key = "command_octets_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::command_octets_max),
           .form = Number{.min = 512, .max = 64 * kib, .unit = "octets"},
           .doc =
               "The longest command line with its line end; a longer one is answered 500. RFC 5321 section "
               "4.5.3.1.4 asks for 512, and old servers exceed that."},
          {.key = "errors_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::errors_max),
           .form = Number{.min = 1, .max = 1000, .unit = {}},
           .doc = "Commands in error after which a session is ended with 421. Raise it for a sender whose "
                  "lists hold many addresses that do not exist here."},
          {.key = "guesses_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::guesses_max),
           .form = Number{.min = 0, .max = 1'000'000, .unit = "an hour"},
           .doc = "Recipients that nobody here has, and request addresses with a wrong hash, from one client "
                  "address, or IPv6 /64; past it they are put off with 450, and genuine addresses never. "
                  "trusted_networks are exempt. 0: no limit."},
          {.key = "chunking",
           .place = at(&Settings::smtpd, &SmtpdSettings::chunking),
           .form = Flag{},
           .doc =
               "Offer CHUNKING (BDAT, RFC 3030), by which a body comes in pieces whose octets are counted. "
               "Everybody sends without it, and other servers have had bugs in it. Turn it on for a sender "
               "whose messages hold bare line feeds, which Exchange Online sends in no other way."},
          {.key = "line_endings",
           .place = at(&Settings::smtpd, &SmtpdSettings::line_endings),
           .form = choice_of<LineEndings>(),
           .doc = "A CR or LF in a message that is no part of a CRLF, as old software sends it: kept as it "
                  "came, and handed over as CRLF; or, strict, refused with 550. A line of a single dot that "
                  "ends so is how a second message is smuggled, and is refused either way."},
          {.key = "idle_timeout_s",
           .place = at(&Settings::smtpd, &SmtpdSettings::idle_timeout_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "A session that is silent for this long is ended with 421. RFC 5321 section 4.5.3.2.7 asks "
                  "for at least 300."},
          {.key = "command_timeout_s",
           .place = at(&Settings::smtpd, &SmtpdSettings::command_timeout_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "A command that is not complete so long after its first octet ends the session with 421: "
                  "whoever sends it an octet at a time is never silent. Replies must be read within the same "
                  "time."},
          {.key = "session_timeout_s",
           .place = at(&Settings::smtpd, &SmtpdSettings::session_timeout_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "A session that has brought no message for this long is ended with 421, but never in the "
                  "middle of one."},
          {.key = "messages_per_minute_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::messages_per_minute_max),
           .form = Number{.min = 0, .max = 1'000'000, .unit = {}},
           .doc = "Messages that one client address may begin in a minute; more are put off with 450, and "
                  "come back by themselves. Put a relay that sends faster in trusted_networks. 0: any "
                  "number."},
          {.key = "recipients_per_minute_max",
           .place = at(&Settings::smtpd, &SmtpdSettings::recipients_per_minute_max),
           .form = Number{.min = 0, .max = 1'000'000, .unit = {}},
           .doc = "The same for recipients, those that are refused counted too, which makes trying out "
                  "addresses slow. 0: any number."},
          {.key = "data_rate_octets_per_s_min",
           .place = at(&Settings::smtpd, &SmtpdSettings::data_rate_octets_per_s_min),
           .form = Number{.min = 0, .max = 1'000'000, .unit = "octets per second"},
           .doc =
               "A body that has fallen behind this rate by more than smtpd.idle_timeout_s ends the session "
               "with 421. It is a rate and not a total time, so that a town hall on a thin line can finish a "
               "large message. 0: any rate will do."},
          {.key = "soft_refuse",
           .place = at(&Settings::smtpd, &SmtpdSettings::soft_refuse),
           .form = Flag{},
           .doc = "Refuses nothing for good: a 5xx that would make a sender give its message up is sent as a "
                  "4xx, and the sender comes back. For the days in which you try other settings; then turn "
                  "it off, as senders come back for nothing until they give up by themselves."},
      }};
}

Section popd_section() {
  return {
      .name = "popd",
      .doc = "Handing mail over, by POP3.",
      .options = {
          {.key = "listen",
           .place = at(&Settings::popd, &PopdSettings::listen),
           .form = TextList{.shape = &listen_address},
           .doc = "Where to serve POP3 in clear, usually port 110 on loopback, beside Alaveteli. With a "
                  "certificate STLS is offered there. Empty: nowhere."},
          {.key = "listen_tls",
           .place = at(&Settings::popd, &PopdSettings::listen_tls),
           .form = TextList{.shape = &listen_address},
           .doc = "Where to serve POP3 with TLS from the first octet on, usually port 995; for an Alaveteli "
                  "on another machine. It needs a certificate, from here or from [smtpd]."},
          {.key = "tls_cert",
           .place = at(&Settings::popd, &PopdSettings::tls_cert),
           .form = PathText{},
           .doc = "Certificate for POP3 in PEM, followed by its chain. Set it, together with tls_key, where "
                  "clients know this machine under another name than senders do. Empty: that of [smtpd]."},
          {.key = "tls_key",
           .place = at(&Settings::popd, &PopdSettings::tls_key),
           .form = PathText{},
           .doc = "The private key of tls_cert, in PEM."},
          {.key = "sessions_max",
           .place = at(&Settings::popd, &PopdSettings::sessions_max),
           .form = Number{.min = 1, .max = sessions_max, .unit = {}},
           .doc =
               "Sessions open at the same time. A site needs one or two; the rest is for whoever knocks at "
               "a public port, but for the last tenth, which is kept for smtpd.trusted_networks."},
          {.key = "sessions_per_address_max",
           .place = at(&Settings::popd, &PopdSettings::sessions_per_address_max),
           .form = Number{.min = 1, .max = sessions_max, .unit = {}},
           .doc = "The same for one client address."},
          {.key = "session_messages_max",
           .place = at(&Settings::popd, &PopdSettings::session_messages_max),
           .form = Number{.min = 0, .max = 1'000'000, .unit = {}},
           .doc = "Messages shown in one session: first what was never offered, oldest first, then what was "
                  "offered in vain. With 1 a message that Alaveteli stumbles over spoils no other, and its "
                  "poller "
                  "comes back at once. 0: all, for other clients."},
          {.key = "offers_max",
           .place = at(&Settings::popd, &PopdSettings::offers_max),
           .form = Number{.min = 0, .max = 1000, .unit = {}},
           .doc =
               "A message that was offered in vain this often, while others were taken, is stuck: not shown "
               "any more, with an alarm. guichet queue lists it, guichet requeue offers it again. 0: never."},
          {.key = "waiting_alarm_h",
           .place = at(&Settings::popd, &PopdSettings::waiting_alarm_h),
           .form = Number{.min = 0, .max = 10'000, .unit = "hours"},
           .doc = "A message that waits longer than this raises an alarm, once a day; it goes on waiting. 0: "
                  "never."},
          {.key = "displace_after_s",
           .place = at(&Settings::popd, &PopdSettings::displace_after_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "A session that has been silent for this long is closed, and deletes nothing, when another "
                  "one "
                  "logs in: its peer may be gone. Alaveteli may work for minutes between two commands."},
          {.key = "login_delay_max_s",
           .place = at(&Settings::popd, &PopdSettings::login_delay_max_s),
           .form = Number{.min = 0, .max = 50, .unit = "seconds"},
           .doc =
               "The answer to a wrong password is held back: 2 seconds for the first from an address, then "
               "4, 8, and never longer than this. The right password waits for nobody. 0: at once."},
          {.key = "login_failures_max",
           .place = at(&Settings::popd, &PopdSettings::login_failures_max),
           .form = Number{.min = 0, .max = 10'000, .unit = {}},
           .doc = "After so many wrong passwords from one address (in IPv6 from one /64) no password from "
                  "there is looked at for login_lock_s. This machine and smtpd.trusted_networks are never "
                  "locked: put an Alaveteli on another machine there. 0: nobody is."},
          {.key = "login_lock_s",
           .place = at(&Settings::popd, &PopdSettings::login_lock_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "How long an address is locked after its last wrong password, and how long one is "
                  "remembered."},
          {.key = "idle_timeout_s",
           .place = at(&Settings::popd, &PopdSettings::idle_timeout_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "A session that is silent for this long is closed, and deletes nothing. RFC 1939 section 3 "
                  "asks for at least 600."},
      }};
}

Section backup_section() {
  return {
      .name = "backup",
      .doc =
          "A copy of the archive off-site, by restic. docs/restore-at-night.md says how it is had back, and "
          "what must be kept outside of this machine for that.",
      .options = {
          {.key = "repository",
           .place = at(&Settings::backup, &BackupSettings::repository),
           .form = Text{.shape = &repository},
           .doc = "Where the copy goes, as restic names it, such as s3:https://objects.example/mail, "
                  "rest:https://backup.example/mail/ or a folder. \"guichet backup init\" makes it. "
                  "Empty: no copy is made."},
          {.key = "envdir",
           .place = at(&Settings::backup, &BackupSettings::envdir),
           .form = PathText{},
           .doc = "A folder with one file for each environment variable that restic needs: RESTIC_PASSWORD, "
                  "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY. The file's name is the variable's, its first "
                  "line the value. Readable by the gateway alone. These keys need not be able to delete "
                  "anything but locks."},
          {.key = "prune_envdir",
           .place = at(&Settings::backup, &BackupSettings::prune_envdir),
           .form = PathText{},
           .doc = "The same for keys that may delete, used by \"guichet backup prune\" alone; best not "
                  "readable by the gateway. Empty: old copies are removed elsewhere."},
          {.key = "interval_s",
           .place = at(&Settings::backup, &BackupSettings::interval_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "How long after one copy the next is made, when there is something new. What arrived since "
                  "is what a fire can take. Raise it for a store that charges for each request."},
          {.key = "upload_kib_per_s",
           .place = at(&Settings::backup, &BackupSettings::upload_kib_per_s),
           .form = Number{.min = 0, .max = 16 * mib, .unit = "KiB per second"},
           .doc = "At most so much is sent. Set it where the first copy of a large archive would take the "
                  "line from the mail. 0: no limit."},
          {.key = "cacert_file",
           .place = at(&Settings::backup, &BackupSettings::cacert_file),
           .form = PathText{},
           .doc = "Certificates in PEM that the repository's certificate is checked with, for one that no "
                  "public authority has signed. Empty: those of the system."},
          {.key = "retention_days",
           .place = at(&Settings::backup, &BackupSettings::retention_days),
           .form = Number{.min = 1, .max = 36'500, .unit = "days"},
           .doc =
               "\"guichet backup prune\" keeps no copy for longer, but the newest. Until then a copy still "
               "holds what was erased here since, so this is what you can promise whoever asks for "
               "erasure."},
          {.key = "alarm_after_s",
           .place = at(&Settings::backup, &BackupSettings::alarm_after_s),
           .form = Number{.min = 1, .max = 30 * day_s, .unit = "seconds"},
           .doc = "An alarm is raised when the oldest message that is not off-site is older than this."},
          {.key = "drill_path",
           .place = at(&Settings::backup, &BackupSettings::drill_path),
           .form = PathText{},
           .doc = "A folder in which `guichet backup drill` restores the newest snapshot, to see that it "
                  "can be done; it needs as much room as the archive, and is emptied again. Empty: the "
                  "folder for temporary files."},
          {.key = "drill_days",
           .place = at(&Settings::backup, &BackupSettings::drill_days),
           .form = Number{.min = 0, .max = 365, .unit = "days"},
           .doc = "How often that is done by the gateway itself, where a repository is set. 0: never."},
          {.key = "restic",
           .place = at(&Settings::backup, &BackupSettings::restic),
           .form = Text{.shape = &program},
           .doc = "The program: a name that is looked for in PATH, or a path that begins with a slash. "
                  "Version 0.14 or later."},
      }};
}

Section gateway_section() {
  return {
      .name = "gateway",
      .doc = "The process as a whole.",
      .options = {
          {.key = "shutdown_grace_s",
           .place = at(&Settings::gateway, &GatewaySettings::shutdown_grace_s),
           .form = Number{.min = 0, .max = 3600, .unit = "seconds"},
           .doc = "How long a stop waits for sessions that are in the middle of something. Raise it where "
                  "large messages come over thin lines, and the stop time-out of the service manager "
                  "with it."},
      }};
}

Section log_section() {
  return {
      .name = "log",
      .doc = "What the gateway says of its work.",
      .options = {
          {.key = "format",
           .place = at(&Settings::log, &LogSettings::format),
           .form = choice_of<LogFormat>(),
           .doc = "Lines for people, or one JSON object a line for a log collector."},
          {.key = "level",
           .place = at(&Settings::log, &LogSettings::level),
           .form = Choice{.names = {"debug", "info", "warn", "error"}},
           .doc = "The least important kind of line that is still written. At info each message leaves "
                  "its trace; debug adds what a fault takes to understand."},
          {.key = "postfix_path",
           .place = at(&Settings::log, &LogSettings::postfix_path),
           .form = PathText{},
           .doc = "A second log of the mail that comes in, with lines as Postfix writes them, for "
                  "Alaveteli's MTA_LOG_PATH with MTA_LOG_TYPE postfix: the file is this path and the date, "
                  "so that \"/var/log/guichet/mail.log-\" makes mail.log-20261127. Empty: none."},
      }};
}

std::vector<Section> with_defaults(std::vector<Section> sections) {
  for (Section& section : sections) {
    Settings fresh;
    if (section.repeated()) section.append(fresh);
    for (Option& option : section.options)
      option.initial = option.place.get(fresh);
  }
  return sections;
}

}  // namespace

const std::vector<Section>& declaration() {
  static const std::vector<Section> sections =
      with_defaults({store_section(), smtpd_section(), resolver_section(), front_door_section(),
                     front_door_list_section(), refusals_section(), filters_section(), rule_section(),
                     popd_section(), tls_section(), backup_section(), gateway_section(), log_section(),
                     certificate_section(), site_section(), route_section(), maildrop_section()});
  return sections;
}

const Section* find_section(std::string_view name) {
  const auto found = std::ranges::find(declaration(), name, &Section::name);
  return found == declaration().end() ? nullptr : &*found;
}

const Option* find_option(const Section& section, std::string_view key) {
  const auto found = std::ranges::find(section.options, key, &Option::key);
  return found == section.options.end() ? nullptr : &*found;
}

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const Section& section : declaration()) {
    for (const Option& option : section.options)
      keys.push_back(std::string(section.name).append(".").append(option.key));
  }
  return keys;
}

}  // namespace guichet::conf
