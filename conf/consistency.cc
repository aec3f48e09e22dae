#include "conf/consistency.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "conf/option.h"

namespace guichet::conf {
namespace {

std::string indexed(std::string_view name, std::size_t index) {
  return std::string(name) + "[" + std::to_string(index) + "]";
}

std::string lower_case(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void check_tls_pair(const std::string& section, const std::filesystem::path& cert,
                    const std::filesystem::path& key, Report& report) {
  if (cert.empty() == key.empty()) return;
  const std::string given = section + (cert.empty() ? ".tls_key" : ".tls_cert");
  const std::string lacking = section + (cert.empty() ? ".tls_cert" : ".tls_key");
  if (!report.mistaken(lacking))
    report.mistake(given, "has no " + lacking + " beside it; allowed are both or neither");
}

void check_tls(const Settings& settings, Report& report) {
  check_tls_pair("smtpd", settings.smtpd.tls_cert, settings.smtpd.tls_key, report);
  check_tls_pair("popd", settings.popd.tls_cert, settings.popd.tls_key, report);
}

void check_listen_tls(const Settings& settings, Report& report) {
  if (!settings.smtpd.listen_tls.empty() && settings.smtpd.tls_cert.empty() &&
      !report.mistaken("smtpd.tls_cert"))
    report.mistake("smtpd.listen_tls",
                   "needs a certificate; allowed is with tls_cert and tls_key in [smtpd]");
  if (settings.popd.listen_tls.empty()) return;
  if (!settings.popd.tls_cert.empty() || !settings.smtpd.tls_cert.empty()) return;
  if (report.mistaken("popd.tls_cert") || report.mistaken("smtpd.tls_cert")) return;
  report.mistake("popd.listen_tls",
                 "needs a certificate; allowed is with tls_cert and tls_key in [popd] or [smtpd]");
}

void check_certificates(const Settings& settings, Report& report) {
  if (settings.certificates.empty() || !settings.smtpd.tls_cert.empty()) return;
  if (report.mistaken("smtpd.tls_cert")) return;
  report.mistake(
      indexed("certificate", 0),
      "is beside none; needed are smtpd.tls_cert and tls_key, for clients that ask for no name of it");
}

// Remembers each address with the key it was first seen under. Port 0 is a new port each time.
class ListenChecker {
 public:
  explicit ListenChecker(Report& report) : report_(report) {}

  void check(const std::string& key, const Strings& addresses) {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const auto endpoint = parse_endpoint(addresses[i]);
      if (!endpoint || endpoint->port == 0) continue;
      const auto [first, added] = seen_.try_emplace({endpoint->address, endpoint->port}, key);
      if (added) continue;
      report_.mistake(indexed(key, i), in_quotes(addresses[i]) + " is in " + first->second +
                                           " already; allowed is each address and port once");
    }
  }

 private:
  Report& report_;
  std::map<std::pair<std::string, std::uint16_t>, std::string> seen_;
};

void check_listen(const Settings& settings, Report& report) {
  ListenChecker checker(report);
  checker.check("smtpd.listen", settings.smtpd.listen);
  checker.check("smtpd.listen_tls", settings.smtpd.listen_tls);
  checker.check("popd.listen", settings.popd.listen);
  checker.check("popd.listen_tls", settings.popd.listen_tls);
}

// A body of a size between the two could be held neither in memory nor in a file: 452 for ever.
void check_spool(const StoreSettings& store, Report& report) {
  if (store.spool_octets_min <= store.bodies_octets_max) return;
  report.mistake("store.spool_octets_min", std::to_string(store.spool_octets_min) +
                                               " is more than store.bodies_octets_max; allowed is up to " +
                                               std::to_string(store.bodies_octets_max));
}

// Without the password no repository can be opened; and two times of which one makes the other pointless.
void check_backup(const BackupSettings& backup, Report& report) {
  if (backup.repository.empty()) return;
  if (backup.envdir.empty() && !report.mistaken("backup.envdir"))
    report.mistake("backup.repository",
                   "has no backup.envdir beside it; needed is a folder that holds at least RESTIC_PASSWORD");
  if (backup.alarm_after_s < backup.interval_s && !report.mistaken("backup.interval_s"))
    report.mistake("backup.alarm_after_s", std::to_string(backup.alarm_after_s) +
                                               " is less than backup.interval_s; allowed is from " +
                                               std::to_string(backup.interval_s));
}

bool is_name(std::string_view entry) {
  const bool letters = std::ranges::any_of(entry, [](unsigned char c) { return std::isalpha(c) != 0; });
  return letters && entry.find_first_of("@:") == std::string_view::npos;
}

// What would be written down and never do anything.
void check_front_door(const FrontDoorSettings& door, Report& report) {
  if (door.early_talkers == EarlyTalkers::refuse && door.greet_delay_ms == 0)
    report.mistake("front_door.early_talkers",
                   R"("refuse" needs greet_delay_ms; without it allowed is "tag")");
  if (door.reverse_name) return;
  for (const auto& [key, entries] :
       {std::pair("front_door.allow", &door.allow), std::pair("front_door.deny", &door.deny)})
    if (const auto name = std::ranges::find_if(*entries, is_name); name != entries->end())
      report.mistake(key, in_quotes(*name) + " is the name of a client; it needs reverse_name = true");
}

// What a condition asks for must be looked into; and a rule without any would count for every message.
void check_rule(const FilterSettings& filters, const Rule& rule, const std::string& path, Report& report) {
  struct Condition {
    const char* key;
    bool asks;
    bool is_known;
    const char* needs;
  };
  const bool who = filters.authentication, what = filters.parts;
  const Condition conditions[] = {
      {"from_domains", !rule.from_domains.empty(), who, "authentication = true"},
      {"spf", !rule.spf.empty(), who, "authentication = true"},
      {"dkim", !rule.dkim.empty(), who, "authentication = true"},
      {"dmarc", !rule.dmarc.empty(), who, "authentication = true"},
      {"kinds", !rule.kinds.empty(), what, "parts = true"},
      {"files", !rule.files.empty(), what, "parts = true"},
      {"virus", !rule.virus.empty(), !filters.clamd.empty(), "clamd"},
      {"spam_score_min", rule.spam_score_min > 0, !filters.rspamd.empty(), "rspamd"},
      {"recipients", !rule.recipients.empty(), true, ""},
      {"classes", !rule.classes.empty(), true, ""},
      {"sender_domains", !rule.sender_domains.empty(), true, ""},
      {"size_octets_min", rule.size_octets_min > 0, true, ""},
      {"unjudged", rule.unjudged, true, ""},
  };
  for (const auto& condition : conditions)
    if (condition.asks && !condition.is_known)
      report.mistake(path + "." + condition.key,
                     std::string("is never known; it needs ") + condition.needs + " in [filters]");
  if (std::ranges::none_of(conditions, &Condition::asks))
    report.mistake(path, "has no condition: it would count for every message");
}

void check_rules(const Settings& settings, Report& report) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    const auto& rule = settings.rules[i];
    const auto path = indexed("rule", i);
    check_rule(settings.filters, rule, path, report);
    if (rule.name.empty() || names.insert(rule.name).second) continue;
    report.mistake(path + ".name", in_quotes(rule.name) + " is the name of an earlier [[rule]]");
  }
  if (settings.filters.ask_before_answer && settings.filters.rspamd.empty())
    report.mistake("filters.ask_before_answer", "needs rspamd, whom it asks");
  if (!settings.rules.empty() && !settings.filters.any())
    report.mistake("rule[0]", "never counts: nothing is turned on in [filters]");
}

void check_password(const Maildrop& maildrop, const std::string& path, Report& report) {
  const std::string file = path + ".password_file";
  const std::string hash = path + ".password_hash";
  const bool both = !maildrop.password_file.empty() && !maildrop.password_hash.empty();
  const bool neither = maildrop.password_file.empty() && maildrop.password_hash.empty();
  if (both) report.mistake(hash, "is given beside password_file; allowed is one of the two");
  if (!neither || report.mistaken(file) || report.mistaken(hash)) return;
  report.mistake(file, "is missing, and so is password_hash; needed is one of the two");
}

void check_needed(bool given, const std::string& key, std::string_view driver, Report& report) {
  if (given || report.mistaken(key)) return;
  report.mistake(key, "is missing; driver = " + in_quotes(driver) + " needs it");
}

void check_driver(const Maildrop& maildrop, const std::string& path, Report& report) {
  switch (maildrop.driver) {
    case MaildropDriver::pop3:
      return check_password(maildrop, path, report);
    case MaildropDriver::maildir:
      return check_needed(!maildrop.path.empty(), path + ".path", "maildir", report);
    case MaildropDriver::action_mailbox:
      check_needed(!maildrop.url.empty(), path + ".url", "action_mailbox", report);
      return check_needed(!maildrop.password_file.empty(), path + ".password_file", "action_mailbox", report);
    case MaildropDriver::pipe:
      check_needed(!maildrop.command.empty(), path + ".command", "pipe", report);
      if (!maildrop.command.empty() && !maildrop.command.front().starts_with('/') &&
          !report.mistaken(path + ".command"))
        report.mistake(path + ".command", in_quotes(maildrop.command.front()) +
                                              " is no whole path; allowed is one that begins with /");
      return;
    case MaildropDriver::smtp:
      return check_needed(!maildrop.relay.empty(), path + ".relay", "smtp", report);
  }
}

void check_maildrops(const Settings& settings, Report& report) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < settings.maildrops.size(); ++i) {
    const Maildrop& maildrop = settings.maildrops[i];
    const std::string path = indexed("maildrop", i);
    check_driver(maildrop, path, report);
    if (maildrop.name.empty() || names.insert(maildrop.name).second) continue;
    report.mistake(path + ".name", in_quotes(maildrop.name) +
                                       " is the name of an earlier [[maildrop]]; allowed is each name once");
  }
}

std::string maildrop_names(const Settings& settings) {
  std::string names;
  for (const Maildrop& maildrop : settings.maildrops) {
    names += (names.empty() ? "" : ", ") + in_quotes(maildrop.name);
  }
  return names;
}

void check_maildrop_exists(const Settings& settings, const std::string& name, const std::string& key,
                           Report& report) {
  const bool exists =
      std::ranges::find(settings.maildrops, name, &Maildrop::name) != settings.maildrops.end();
  if (name.empty() || settings.maildrops.empty() || exists) return;
  report.mistake(
      key, in_quotes(name) + " is the name of no [[maildrop]]; allowed are " + maildrop_names(settings));
}

void check_routes(const Settings& settings, Report& report) {
  for (std::size_t i = 0; i < settings.routes.size(); ++i)
    check_maildrop_exists(settings, settings.routes[i].maildrop, indexed("route", i) + ".maildrop", report);
}

void check_site(const Settings& settings, const Site& site, const std::string& path, Report& report) {
  if (site.recipients == RecipientPolicy::strict && site.secret_file.empty() &&
      !report.mistaken(path + ".secret_file")) {
    report.mistake(path + ".recipients", R"("strict" needs secret_file; without it allowed is "prefix")");
  }
  check_maildrop_exists(settings, site.maildrop, path + ".maildrop", report);
}

void check_sites(const Settings& settings, Report& report) {
  std::set<std::pair<std::string, std::string>> addresses;
  for (std::size_t i = 0; i < settings.sites.size(); ++i) {
    const Site& site = settings.sites[i];
    const std::string path = indexed("site", i);
    check_site(settings, site, path, report);
    if (site.domain.empty() || addresses.insert({lower_case(site.domain), lower_case(site.prefix)}).second)
      continue;
    report.mistake(path, in_quotes(site.prefix) + " at " + in_quotes(site.domain) +
                             " is an earlier [[site]]; allowed is each domain and prefix once");
  }
}

}  // namespace

void check_consistency(const Settings& settings, Report& report) {
  check_spool(settings.store, report);
  check_backup(settings.backup, report);
  check_front_door(settings.front_door, report);
  check_tls(settings, report);
  check_listen_tls(settings, report);
  check_certificates(settings, report);
  check_listen(settings, report);
  check_sites(settings, report);
  check_routes(settings, report);
  check_rules(settings, report);
  check_maildrops(settings, report);
  if (settings.sites.empty() && !report.mistaken("site"))
    report.mistake("site", "is missing; needed is at least one [[site]]");
  if (settings.maildrops.empty() && !report.mistaken("maildrop")) {
    report.mistake("maildrop", "is missing; needed is at least one [[maildrop]]");
  }
}

}  // namespace guichet::conf
