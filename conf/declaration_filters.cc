#include "conf/declaration_filters.h"

#include "conf/place.h"

namespace guichet::conf {
namespace {

std::vector<Option> worker_options() {
  return {
      {.key = "authentication",
       .place = at(&Settings::filters, &FilterSettings::authentication),
       .form = Flag{},
       .doc =
           "Looks into SPF, DKIM and DMARC, and into the name of the client's address. It refuses nothing: "
           "the results are one Authentication-Results field in what Alaveteli is given, a sentence in "
           "guichet show, and, with the DNS records that they rest on, in the archive. Best with a "
           "resolver of your own ([resolver])."},
      {.key = "parts",
       .place = at(&Settings::filters, &FilterSettings::parts),
       .form = Flag{},
       .doc = "Lists the parts of each message, with the names, kinds, sizes and digests of attachments, for "
              "guichet show and for rules."},
      {.key = "workers",
       .place = at(&Settings::filters, &FilterSettings::workers),
       .form = Number{.min = 1, .max = 64, .unit = "processes"},
       .doc = "Processes that read what strangers wrote, each without files, network or rights. One message "
              "keeps one of them busy, mostly with waiting for DNS."},
      {.key = "deadline_s",
       .place = at(&Settings::filters, &FilterSettings::deadline_s),
       .form = Number{.min = 1, .max = 3600, .unit = "seconds"},
       .doc =
           "A message that could not be looked into so long after it was received, or after the gateway "
           "was started, is delivered as it is, with a field X-Guichet-Unjudged that says why; of rules "
           "those "
           "count that ask for its envelope, or for unjudged. Looking into one takes half a minute at most, "
           "and clamd_timeout_s twice."},
      {.key = "memory_mib",
       .place = at(&Settings::filters, &FilterSettings::memory_mib),
       .form = Number{.min = 16, .max = 4096, .unit = "mebioctets"},
       .doc = "What one of those processes may use besides the message itself."},
      {.key = "cpu_s",
       .place = at(&Settings::filters, &FilterSettings::cpu_s),
       .form = Number{.min = 1, .max = 600, .unit = "seconds"},
       .doc = "Processor time for one message; then its process is ended, and what it had found out counts."},
  };
}

std::vector<Option> scanner_options() {
  return {
      {.key = "rspamd",
       .place = at(&Settings::filters, &FilterSettings::rspamd),
       .form = Text{.shape = &scanner_url},
       .doc = "The normal worker of rspamd, such as \"http://127.0.0.1:11333\": what it makes of a message "
              "is its spam score. Empty: nobody is asked."},
      {.key = "rspamd_password_file",
       .place = at(&Settings::filters, &FilterSettings::rspamd_password_file),
       .form = PathText{},
       .doc = "A file whose first line is the password that rspamd asks for, if it does."},
      {.key = "rspamd_timeout_s",
       .place = at(&Settings::filters, &FilterSettings::rspamd_timeout_s),
       .form = Number{.min = 1, .max = 600, .unit = "seconds"},
       .doc = "How long its answer is waited for. A message without one is delivered without a score."},
      {.key = "spam_header",
       .place = at(&Settings::filters, &FilterSettings::spam_header),
       .form = Text{.shape = &field_name},
       .doc = "The field that the score is written into, as a number and nothing else: "
              "INCOMING_EMAIL_SPAM_HEADER in Alaveteli's general.yml."},
      {.key = "ask_before_answer",
       .place = at(&Settings::filters, &FilterSettings::ask_before_answer),
       .form = Flag{},
       .doc =
           "Asks rspamd after a message was filed and before its sender is answered, unless it is for a "
           "request address that is GENUINE, or for the postmaster. What it calls \"reject\" is answered 550 "
           "then, \"soft reject\" 451, and each such try is kept in quarantine, from where guichet "
           "quarantine "
           "release delivers it. No answer within 10 seconds means 250."},
      {.key = "clamd",
       .place = at(&Settings::filters, &FilterSettings::clamd),
       .form = Text{.shape = &scanner_address},
       .doc = "ClamAV's daemon, such as \"/run/clamav/clamd.ctl\" or \"127.0.0.1:3310\": it looks for "
              "viruses, in "
              "the whole message and, with parts, in each part. What is found is written into a field "
              "X-Guichet-Virus; a [[rule]] can keep it from Alaveteli. What it could not look into is "
              "\"unscanned\", which is not \"clean\": set AlertExceedsMax yes in clamd.conf, and MaxFileSize "
              "and "
              "StreamMaxLength to scan_octets_max. Empty: nobody is asked."},
      {.key = "clamd_timeout_s",
       .place = at(&Settings::filters, &FilterSettings::clamd_timeout_s),
       .form = Number{.min = 1, .max = 600, .unit = "seconds"},
       .doc = "How long its answer is waited for."},
      {.key = "scan_octets_max",
       .place = at(&Settings::filters, &FilterSettings::scan_octets_max),
       .form = Number{.min = 1 << 16, .max = 4ull << 30, .unit = "octets"},
       .doc = "A larger message is shown to neither of them. Not more than StreamMaxLength of clamd."},
  };
}

std::vector<Option> quarantine_options() {
  return {
      {.key = "quarantine_alarm_h",
       .place = at(&Settings::filters, &FilterSettings::quarantine_alarm_h),
       .form = Number{.min = 0, .max = 8760, .unit = "hours"},
       .doc = "An alarm is raised, once a day, when a message has been in quarantine for so long and nobody "
              "has released or discarded it. 0: never."},
      {.key = "quarantine_digest_to",
       .place = at(&Settings::filters, &FilterSettings::quarantine_digest_to),
       .form = Text{.shape = &recipient_address},
       .doc = "A recipient of this gateway, such as one in a [[route]] that goes on to people's mail, who is "
              "sent a list of what is in quarantine each morning, when there is something. Empty: nobody."},
      {.key = "keep_discarded_days",
       .place = at(&Settings::filters, &FilterSettings::keep_discarded_days),
       .form = Number{.min = 0, .max = 36'500, .unit = "days"},
       .doc =
           "A message that was discarded from quarantine is erased for good so long afterwards. 0: it stays "
           "as long as its site's mail does."},
  };
}

std::vector<Option> condition_options() {
  return {
      {.key = "recipients",
       .place = at(&Settings::rules, &Rule::recipients),
       .form = TextList{.shape = &recipient_pattern},
       .doc = "A recipient of the message is one of these; * stands for anything, as in *@example.test."},
      {.key = "classes",
       .place = at(&Settings::rules, &Rule::classes),
       .form = TextList{.shape = &recipient_class},
       .doc = "A recipient is of one of these classes (guichet recipient tells them)."},
      {.key = "from_domains",
       .place = at(&Settings::rules, &Rule::from_domains),
       .form = TextList{.shape = &word},
       .doc = "The domain of the From field is one of these; * stands for anything, as in *.gouv.fr."},
      {.key = "sender_domains",
       .place = at(&Settings::rules, &Rule::sender_domains),
       .form = TextList{.shape = &word},
       .doc = "The same for the domain of MAIL FROM; \"<>\" is the null sender."},
      {.key = "spf",
       .place = at(&Settings::rules, &Rule::spf),
       .form = TextList{.shape = &auth_result},
       .doc = "The result of SPF is one of these."},
      {.key = "dkim",
       .place = at(&Settings::rules, &Rule::dkim),
       .form = TextList{.shape = &auth_result},
       .doc =
           "The result of its DKIM signatures is one of these: pass where one passes, whoever signed (dmarc "
           "says whether that is the author), else that of the first; \"none\" is no signature."},
      {.key = "dmarc",
       .place = at(&Settings::rules, &Rule::dmarc),
       .form = TextList{.shape = &auth_result},
       .doc = "The result of DMARC is one of these. \"permerror\": it has no one author, such as two From "
              "fields; \"none\": its domain publishes no policy."},
      {.key = "kinds",
       .place = at(&Settings::rules, &Rule::kinds),
       .form = TextList{.shape = &message_kind},
       .doc = "What kind of message it is: ordinary, bounce, auto-reply, out-of-office, delivery-report, "
              "disposition. Needs parts."},
      {.key = "files",
       .place = at(&Settings::rules, &Rule::files),
       .form = TextList{.shape = &word},
       .doc = "A part has a name, a type or a mark like one of these, such as *.exe, "
              "application/x-msdownload or encrypted-archive. Needs parts."},
      {.key = "virus",
       .place = at(&Settings::rules, &Rule::virus),
       .form = TextList{.shape = &virus_result},
       .doc = "ClamAV's result is one of these: clean, found, unscanned."},
      {.key = "spam_score_min",
       .place = at(&Settings::rules, &Rule::spam_score_min),
       .form = Number{.min = 0, .max = 10'000, .unit = {}},
       .doc = "Its spam score is at least this; 0 does not ask."},
      {.key = "size_octets_min",
       .place = at(&Settings::rules, &Rule::size_octets_min),
       .form = Number{.min = 0, .max = 4ull << 30, .unit = "octets"},
       .doc = "It has at least so many octets; 0 does not ask."},
      {.key = "unjudged",
       .place = at(&Settings::rules, &Rule::unjudged),
       .form = Flag{},
       .doc = "Something of it could not be judged: a filter was down, or the message broke it."},
  };
}

}  // namespace

Section filters_section() {
  Section section{.name = "filters",
                  .doc =
                      "What is looked into after a message was received for good, and before it is handed "
                      "to Alaveteli. All of it is off until you turn it on; with nothing on, a message is "
                      "delivered in the moment in which it is received. Nothing here refuses or loses a "
                      "message, whatever crashes, hangs or is down.",
                  .options = worker_options()};
  for (auto& option : scanner_options())
    section.options.push_back(std::move(option));
  for (auto& option : quarantine_options())
    section.options.push_back(std::move(option));
  return section;
}

Section rule_section() {
  Section section{
      .name = "rule",
      .doc =
          "One [[rule]] for each thing to do with what filters found out. They are tried in this order, and "
          "the first whose conditions all hold counts; a message for which none does is delivered. guichet "
          "judge FILE.eml shows which one that would be.",
      .append = [](Settings& settings) { settings.rules.emplace_back(); },
      .options = {
          {.key = "name",
           .place = at(&Settings::rules, &Rule::name),
           .form = Text{.shape = &maildrop_name},
           .doc = "How it is called where it is said to have counted.",
           .required = true},
          {.key = "action",
           .place = at(&Settings::rules, &Rule::action),
           .form = choice_of<RuleAction>(),
           .doc = "\"deliver\": as if there were no further rules. \"tag\": the same, with a field "
                  "X-Guichet-Rule that names this one. \"quarantine\": kept from Alaveteli until you have "
                  "looked (guichet quarantine). \"wait\": judged once more after wait_s, for what a list "
                  "may know by then; the second time this rule is left out."},
          {.key = "wait_s",
           .place = at(&Settings::rules, &Rule::wait_s),
           .form = Number{.min = 1, .max = 86'400, .unit = "seconds"},
           .doc = "How long that is."},
      }};
  for (auto& option : condition_options())
    section.options.push_back(std::move(option));
  return section;
}

}  // namespace guichet::conf
