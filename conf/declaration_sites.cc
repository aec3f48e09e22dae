#include "conf/declaration_sites.h"

#include "conf/place.h"

namespace guichet::conf {
namespace {

constexpr std::uint64_t day_s = 86'400;

}  // namespace

Section site_section() {
  return {
      .name = "site",
      .doc = "One [[site]] for each Alaveteli site whose mail comes in here.",
      .append = [](Settings& settings) { settings.sites.emplace_back(); },
      .options = {
          {.key = "domain",
           .place = at(&Settings::sites, &Site::domain),
           .form = Text{.shape = &domain_name},
           .doc =
               "The part after the @ of the site's request addresses: INCOMING_EMAIL_DOMAIN in Alaveteli's "
               "general.yml.",
           .required = true},
          {.key = "prefix",
           .place = at(&Settings::sites, &Site::prefix),
           .form = Text{.shape = &prefix},
           .doc = "What request addresses begin with: INCOMING_EMAIL_PREFIX, such as foi+, which takes "
                  "foi@ as well. Empty: every address of the domain is the site's."},
          {.key = "secret_file",
           .place = at(&Settings::sites, &Site::secret_file),
           .form = PathText{},
           .doc = "A file whose first line is INCOMING_EMAIL_SECRET. With it the gateway can tell a genuine "
                  "request address from a guessed one."},
          {.key = "maildrop",
           .place = at(&Settings::sites, &Site::maildrop),
           .form = Text{.shape = &maildrop_name},
           .doc = "The name of the [[maildrop]] that the site's messages go to.",
           .required = true},
          {.key = "recipients",
           .place = at(&Settings::sites, &Site::recipients),
           .form = choice_of<RecipientPolicy>(),
           .doc =
               "Which addresses are accepted. \"prefix\": each one with the prefix, as Alaveteli sorts out "
               "mistyped ones itself. \"strict\": genuine request addresses only, beside postmaster and what "
               "a [[route]] names, for a site that is sent much to invented ones; it needs secret_file."},
          {.key = "reject_list",
           .place = at(&Settings::sites, &Site::reject_list),
           .form = PathText{},
           .doc = "A file of addresses that are refused, because their requests take nothing any more: what "
                  "`rake config_files:generate_mta_rejection_list` makes, for Postfix or for Exim, usually "
                  "config/recipient-reject. It is read again when it changes; while it cannot be read the "
                  "last list stays, and there is an alarm."},
          {.key = "keep_handed_over_days",
           .place = at(&Settings::sites, &Site::keep_handed_over_days),
           .form = Number{.min = 0, .max = 36'500, .unit = "days"},
           .doc = "A message that Alaveteli has taken is erased for good so long afterwards; 0 keeps it for "
                  "ever, as evidence. A message that waits, or that guichet hold keeps, is never erased by "
                  "age."},
      }};
}

Section route_section() {
  return {.name = "route",
          .doc =
              "Recipients at the sites' domains that are not Alaveteli's: people's mail must not end in its "
              "holding "
              "pen. Asked before the sites, in this order; the first that fits counts. An installed gateway "
              "sends "
              "such mail on to a mail server, by a [[maildrop]] with driver = \"smtp\".",
          .append = [](Settings& settings) { settings.routes.emplace_back(); },
          .options = {
              {.key = "recipients",
               .place = at(&Settings::routes, &Route::recipients),
               .form = TextList{.shape = &recipient_pattern},
               .doc = "Whom it is for: addresses, in which * stands for anything. Case does not count.",
               .required = true},
              {.key = "maildrop",
               .place = at(&Settings::routes, &Route::maildrop),
               .form = Text{.shape = &maildrop_name},
               .doc = "The name of the [[maildrop]] they go to. Empty: a black hole; messages are accepted "
                      "and kept in "
                      "the archive, and handed to nobody, as for an address that must not be answered."},
          }};
}

Section maildrop_section() {
  return {
      .name = "maildrop",
      .doc = "One [[maildrop]] for each POP3 user, and for each way by which messages go on by themselves.",
      .append = [](Settings& settings) { settings.maildrops.emplace_back(); },
      .options = {
          {.key = "name",
           .place = at(&Settings::maildrops, &Maildrop::name),
           .form = Text{.shape = &maildrop_name},
           .doc = "The POP3 user name: POP_MAILER_USER_NAME in Alaveteli's general.yml. Messages stay with "
                  "the name they came in under, so do not change it later.",
           .required = true},
          {.key = "driver",
           .place = at(&Settings::maildrops, &Maildrop::driver),
           .form = choice_of<MaildropDriver>(),
           .doc = "How messages leave it. \"pop3\": Alaveteli's poller collects them; needs password_file or "
                  "password_hash. \"maildir\": written into a Maildir; needs path. \"action_mailbox\": "
                  "posted to "
                  "Rails; needs url and password_file. \"pipe\": to a program, such as script/mailin; needs "
                  "command. "
                  "\"smtp\": to another mail server; needs relay."},
          {.key = "password_file",
           .place = at(&Settings::maildrops, &Maildrop::password_file),
           .form = PathText{},
           .doc = "A file whose first line is the password, readable by the gateway alone: of the POP3 user, "
                  "or a hash of that as `guichet passwd --file` writes it; or of the ingress "
                  "(RAILS_INBOUND_EMAIL_PASSWORD)."},
          {.key = "password_hash",
           .place = at(&Settings::maildrops, &Maildrop::password_hash),
           .form = Text{.shape = &password_hash},
           .doc =
               "The POP3 password as a hash: `guichet passwd` makes one with scrypt, and all that crypt(3) "
               "knows are good."},
          {.key = "path",
           .place = at(&Settings::maildrops, &Maildrop::path),
           .form = PathText{},
           .doc = "maildir: the folder that tmp, new and cur are in, or are made in."},
          {.key = "url",
           .place = at(&Settings::maildrops, &Maildrop::url),
           .form = Text{.shape = &ingress_url},
           .doc = "action_mailbox: where it is posted to, "
                  "https://SITE/rails/action_mailbox/relay/inbound_emails."},
          {.key = "ca_file",
           .place = at(&Settings::maildrops, &Maildrop::ca_file),
           .form = PathText{},
           .doc = "action_mailbox, smtp: a file of certificates that vouch for the other side. Empty: those "
                  "of the "
                  "system."},
          {.key = "command",
           .place = at(&Settings::maildrops, &Maildrop::command),
           .form = TextList{.shape = &word},
           .doc = "pipe: a program's whole path and its arguments; no shell. The message comes on its "
                  "standard input. "
                  "Exit 0: taken; any other: again later."},
          {.key = "environment",
           .place = at(&Settings::maildrops, &Maildrop::environment),
           .form = TextList{.shape = &variable},
           .doc = "pipe: the program's environment, all of it."},
          {.key = "refusing_exits",
           .place = at(&Settings::maildrops, &Maildrop::refusing_exits),
           .form = TextList{.shape = &exit_code},
           .doc = "pipe: exit codes that mean that this message will never be taken. It is stuck then, with "
                  "an alarm."},
          {.key = "relay",
           .place = at(&Settings::maildrops, &Maildrop::relay),
           .form = Text{.shape = &relay_address},
           .doc = "smtp: the mail server they go on to. What it refuses for good is stuck, with an alarm, "
                  "and never "
                  "bounced."},
          {.key = "starttls",
           .place = at(&Settings::maildrops, &Maildrop::starttls),
           .form = choice_of<RelayTls>(),
           .doc = "smtp: whether the way there is encrypted. \"required\" checks the certificate too."},
          {.key = "time_limit_s",
           .place = at(&Settings::maildrops, &Maildrop::time_limit_s),
           .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
           .doc = "action_mailbox, pipe, smtp: how long one attempt may take."},
      }};
}

}  // namespace guichet::conf
