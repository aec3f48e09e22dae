#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/preflight.h"

namespace guichet::cli {
namespace {

using Kind = Advice::Kind;
using Where = Advice::Where;
using Lines = std::vector<std::string>;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// As text between double quotes, which TOML and YAML read alike.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return out + '"';
}

// The time it takes says nothing of where they differ; that their lengths do is no secret worth hiding.
bool equal_in_constant_time(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Address {
  std::string host, port;
};

Address split(const std::string& listen) {
  const auto colon = listen.rfind(':');
  auto host = listen.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {host, colon == std::string::npos ? "" : listen.substr(colon + 1)};
}

bool is_here(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// Whether a poller that connects to `host` and `port` comes out at one of these.
bool listens(const std::vector<std::string>& all, const std::string& host, const std::string& port) {
  return std::ranges::any_of(all, [&](const auto& one) {
    const auto at = split(one);
    const bool any = at.host == "0.0.0.0" || at.host == "::" || at.host.empty();
    return at.port == port &&
           (any || at.host == host || (is_here(at.host) && is_here(host)) || !is_here(at.host));
  });
}

class Preflight {
 public:
  Preflight(const GeneralYml& general, const conf::Settings& settings, const Secrets& secrets)
      : general_(general), settings_(settings), secrets_(secrets) {}

  std::vector<Advice> run() {
    templates();
    site();
    retriever();
    poller_address();
    poller_login();
    gate();
    black_hole();
    support();
    spam();
    authentication();
    logs();
    sizes();
    return std::move(advice_);
  }

 private:
  void say(Kind kind, std::string text, Where where = Where::nowhere, Lines lines = {}) {
    advice_.push_back({kind, std::move(text), where, std::move(lines)});
  }
  [[nodiscard]] std::string value(std::string_view key) const { return general_.value(key); }
  [[nodiscard]] bool computed(std::string_view key) const { return general_.is_computed(key); }

  void templates() {
    for (const char* key : {"INCOMING_EMAIL_DOMAIN", "INCOMING_EMAIL_PREFIX", "INCOMING_EMAIL_SECRET",
                            "PRODUCTION_MAILER_RETRIEVER_METHOD", "POP_MAILER_ADDRESS", "POP_MAILER_PORT",
                            "POP_MAILER_ENABLE_SSL", "POP_MAILER_USER_NAME", "POP_MAILER_PASSWORD",
                            "MTA_LOG_TYPE", "MTA_LOG_PATH"})
      if (computed(key))
        say(Kind::must, std::string(key) +
                            " is an ERB tag here, which Alaveteli does not evaluate in this file: run "
                            "preflight on the file that is made from this template");
  }

  // --- Who is written to ---

  const conf::Site* ours() {
    const auto domain = lower(value("INCOMING_EMAIL_DOMAIN"));
    const auto found =
        std::ranges::find_if(settings_.sites, [&](const auto& one) { return lower(one.domain) == domain; });
    return found == settings_.sites.end() ? nullptr : &*found;
  }

  void site() {
    if (computed("INCOMING_EMAIL_DOMAIN") || computed("INCOMING_EMAIL_PREFIX")) return;
    const auto domain = value("INCOMING_EMAIL_DOMAIN"), prefix = value("INCOMING_EMAIL_PREFIX");
    if (domain == "localhost")
      say(Kind::must, "INCOMING_EMAIL_DOMAIN is localhost, to which nobody can reply", Where::general_yml,
          {"INCOMING_EMAIL_DOMAIN: 'foi.example.org'   # yours, with an MX record that names this host"});
    const auto* site = ours();
    if (!site)
      return say(Kind::must, "no [[site]] has the domain " + quoted(domain), Where::guichet_toml,
                 {"[[site]]", "domain = " + quoted(domain), "prefix = " + quoted(prefix),
                  "secret_file = \"/etc/guichet/secret\"   # the value of INCOMING_EMAIL_SECRET, one line",
                  "maildrop = " + quoted(first_maildrop())});
    if (lower(site->prefix) == lower(prefix))
      say(Kind::fine, "domain and prefix are those of [[site]] " + quoted(site->domain));
    else
      say(Kind::must,
          "the prefix of [[site]] " + quoted(site->domain) + " is " + quoted(site->prefix) +
              ", Alaveteli's is " + quoted(prefix),
          Where::guichet_toml, {"prefix = " + quoted(prefix)});
    secret(*site);
  }

  void secret(const conf::Site& site) {
    if (computed("INCOMING_EMAIL_SECRET")) return;
    const auto theirs = value("INCOMING_EMAIL_SECRET");
    if (theirs == "dummysecret" || theirs.empty())
      say(Kind::must,
          "INCOMING_EMAIL_SECRET is the published default: anybody can compute the address of any request",
          Where::general_yml,
          {"INCOMING_EMAIL_SECRET: 'a long random text'   # old addresses cease to work"});
    if (site.secret_file.empty())
      return say(
          Kind::check,
          "this [[site]] has no secret_file: addresses with a wrong hash cannot be told from right ones",
          Where::guichet_toml,
          {"secret_file = \"/etc/guichet/secret\"   # the value of INCOMING_EMAIL_SECRET, one line"});
    const auto at = static_cast<std::size_t>(&site - settings_.sites.data());
    const auto our = at < secrets_.sites.size() ? secrets_.sites[at] : "";
    if (equal_in_constant_time(our, theirs)) return say(Kind::fine, "the secret is the same on both sides");
    const bool strict = site.recipients == conf::RecipientPolicy::strict;
    say(Kind::must,
        std::string("the secret is different: the first line of ") + site.secret_file.string() +
            " must be the value of INCOMING_EMAIL_SECRET" +
            (strict ? "; with recipients = \"strict\" every reply would be refused" : ""),
        Where::elsewhere, {"# put the value of INCOMING_EMAIL_SECRET into " + site.secret_file.string()});
  }

  // --- The way to Alaveteli ---

  [[nodiscard]] std::string first_maildrop() const {
    return settings_.maildrops.empty() ? "foi" : settings_.maildrops.front().name;
  }
  const conf::Maildrop* maildrop() {
    const auto* site = ours();
    const auto name = site ? site->maildrop : first_maildrop();
    const auto found = std::ranges::find(settings_.maildrops, name, &conf::Maildrop::name);
    return found == settings_.maildrops.end() ? nullptr : &*found;
  }

  void retriever() {
    const auto method = value("PRODUCTION_MAILER_RETRIEVER_METHOD");
    if (computed("PRODUCTION_MAILER_RETRIEVER_METHOD")) return;
    if (method == "pop") return say(Kind::fine, "Alaveteli polls by POP3");
    say(Kind::must,
        "Alaveteli does not poll (PRODUCTION_MAILER_RETRIEVER_METHOD is " + quoted(method) +
            "): nothing would come out of the maildrop",
        Where::general_yml,
        {"PRODUCTION_MAILER_RETRIEVER_METHOD: pop",
         "# then: bundle exec rake config_files:convert_daemon_script or your own unit for "
         "script/poll-for-incoming"});
  }

  // What the poller can be told to come out here: loopback in clear before TLS elsewhere.
  [[nodiscard]] std::optional<Lines> lines_for_poller() const {
    const auto lines = [](const Address& at, bool ssl) {
      const bool any = at.host == "0.0.0.0" || at.host == "::" || at.host.empty();
      return Lines{"POP_MAILER_ADDRESS: '" + (any ? std::string("localhost") : at.host) + "'",
                   "POP_MAILER_PORT: " + at.port,
                   std::string("POP_MAILER_ENABLE_SSL: ") + (ssl ? "true" : "false")};
    };
    if (!settings_.popd.listen.empty()) return lines(split(settings_.popd.listen.front()), false);
    if (!settings_.popd.listen_tls.empty()) return lines(split(settings_.popd.listen_tls.front()), true);
    return std::nullopt;
  }

  void poller_address() {
    for (const char* key : {"POP_MAILER_ADDRESS", "POP_MAILER_PORT", "POP_MAILER_ENABLE_SSL"})
      if (computed(key)) return;
    const auto host = value("POP_MAILER_ADDRESS"), port = value("POP_MAILER_PORT");
    const bool ssl = value("POP_MAILER_ENABLE_SSL") != "false" && value("POP_MAILER_ENABLE_SSL") != "0";
    const auto& right = ssl ? settings_.popd.listen_tls : settings_.popd.listen;
    if (listens(right, host, port)) {
      say(Kind::fine, "the poller connects to where popd listens");
      if (ssl || is_here(host)) return;
      return say(Kind::must,
                 "the poller would send its password in clear to " + quoted(host) +
                     ": popd takes it in clear on loopback only",
                 Where::general_yml, {"POP_MAILER_ENABLE_SSL: true", "POP_MAILER_PORT: 995"});
    }
    const auto lines = lines_for_poller();
    if (!lines)
      return say(Kind::must, "popd listens nowhere", Where::guichet_toml,
                 {"[popd]", "listen = [\"127.0.0.1:110\"]"});
    say(Kind::must,
        "popd does not listen where the poller connects (" + quoted(host) + ", port " + port +
            (ssl ? ", with TLS)" : ", without TLS)"),
        Where::general_yml, *lines);
  }

  void poller_login() {
    const auto* ours = maildrop();
    if (!ours || computed("POP_MAILER_USER_NAME") || computed("POP_MAILER_PASSWORD")) return;
    const auto user = value("POP_MAILER_USER_NAME");
    if (user == ours->name)
      say(Kind::fine, "the poller's user is the maildrop " + quoted(user));
    else
      say(Kind::must, "the poller's user is " + quoted(user) + ", the maildrop " + quoted(ours->name),
          Where::general_yml, {"POP_MAILER_USER_NAME: " + quoted(ours->name)});
    if (!ours->password_hash.empty())
      return say(Kind::check,
                 "the password of the maildrop is a hash here: whether it is the poller's cannot "
                 "be seen");
    const auto at = static_cast<std::size_t>(ours - settings_.maildrops.data());
    const auto password = at < secrets_.maildrops.size() ? secrets_.maildrops[at] : "";
    if (equal_in_constant_time(password, value("POP_MAILER_PASSWORD")))
      say(Kind::fine, "the password is the same on both sides");
    else
      say(Kind::must,
          "the password is different: POP_MAILER_PASSWORD must be the first line of " +
              ours->password_file.string(),
          Where::general_yml,
          {"POP_MAILER_PASSWORD: '…'   # the first line of " + ours->password_file.string()});
  }

  // Alaveteli ≤ 0.46 drops what a poller brings for everybody but Pro users, in silence, and deletes it.
  void gate() {
    say(Kind::check,
        "Alaveteli up to 0.46 throws away polled mail of ordinary users unless a feature is enabled: its "
        "database knows, this file does not. Once, in bin/rails console:",
        Where::console,
        {"AlaveteliFeatures.backend.enable(:accept_mail_from_anywhere)",
         "AlaveteliFeatures.backend.enabled?(:accept_mail_from_anywhere)   # must say true"});
  }

  // --- What else arrives ---

  void black_hole() {
    const auto address = value("BLACKHOLE_PREFIX") + "@" + value("INCOMING_EMAIL_DOMAIN");
    say(Kind::check,
        "Alaveteli sends mail from " + quoted(address) +
            " and wants what comes back thrown away: Guichet refuses it at RCPT unless the prefix is the "
            "site's; while Postfix sends, keep its alias",
        Where::elsewhere, {value("BLACKHOLE_PREFIX") + ": /dev/null   # /etc/aliases of Postfix"});
    if (lower(value("BLACKHOLE_PREFIX")).starts_with(lower(stem())))
      say(Kind::must,
          "BLACKHOLE_PREFIX begins like INCOMING_EMAIL_PREFIX: bounces of notices would be taken for replies",
          Where::general_yml, {"BLACKHOLE_PREFIX: 'do-not-reply-to-this-address'"});
  }

  [[nodiscard]] std::string stem() const {
    const auto prefix = value("INCOMING_EMAIL_PREFIX");
    const auto last = prefix.find_last_not_of("+-_.");
    return last == std::string::npos ? prefix : prefix.substr(0, last + 1);
  }

  void support() {
    const auto domain = "@" + lower(value("INCOMING_EMAIL_DOMAIN"));
    for (const char* key : {"FORWARD_NONBOUNCE_RESPONSES_TO", "FORWARD_PRO_NONBOUNCE_RESPONSES_TO"}) {
      const auto address = value(key);
      if (general_.says(key) && !address.empty() && !lower(address).ends_with("@localhost")) continue;
      if (!general_.says(key) && std::string_view(key) != "FORWARD_NONBOUNCE_RESPONSES_TO") continue;
      say(Kind::must, std::string(key) + " is " + quoted(address) + ": no person reads that",
          Where::general_yml,
          {std::string(key) +
           ": 'team@example.org'   # people, at a mailbox that Guichet does not receive for"});
    }
    for (const char* key : {"FORWARD_NONBOUNCE_RESPONSES_TO", "CONTACT_EMAIL", "TRACK_SENDER_EMAIL"})
      if (lower(value(key)).ends_with(domain))
        say(Kind::check, std::string(key) + " is " + quoted(value(key)) +
                             ", at the domain that Guichet receives for: people's mail and bounces need a "
                             "way on from here "
                             "(script/handle-mail-replies, or a host that takes them)");
  }

  void spam() {
    const auto action = value("INCOMING_EMAIL_SPAM_ACTION"),
               threshold = value("INCOMING_EMAIL_SPAM_THRESHOLD");
    if (action == "false" || action.empty() || threshold == "false" || threshold.empty())
      return say(Kind::fine, "Alaveteli asks no spam header");
    const auto header = value("INCOMING_EMAIL_SPAM_HEADER");
    const auto& filters = settings_.filters;
    if (!filters.rspamd.empty() && lower(header) == lower(filters.spam_header))
      return say(Kind::fine, "Alaveteli acts on " + quoted(header) + ", where rspamd's score is");
    if (!filters.rspamd.empty())
      return say(
          Kind::must,
          "Alaveteli acts on " + quoted(header) + ", and rspamd's score is in " + quoted(filters.spam_header),
          Where::guichet_toml, {"spam_header = " + quoted(header)});
    say(Kind::must,
        "Alaveteli acts on " + quoted(header) +
            ", which this Guichet does not set: a sender could, and set it low or high",
        Where::general_yml, {"INCOMING_EMAIL_SPAM_ACTION: false", "INCOMING_EMAIL_SPAM_THRESHOLD: false"});
  }

  void authentication() {
    if (settings_.filters.authentication) return;
    say(Kind::check,
        "Alaveteli believes the From field of every message; SPF, DKIM and DMARC say who really sent it, for "
        "your admins (guichet show), once they are turned on",
        Where::guichet_toml, {"[filters]", "authentication = true"});
  }

  // Of outgoing mail: whoever sends it writes them.
  void logs() {
    if (computed("MTA_LOG_TYPE") || computed("MTA_LOG_PATH")) return;
    const auto type = value("MTA_LOG_TYPE"), path = value("MTA_LOG_PATH");
    if (type != "exim" && type != "postfix")
      return say(Kind::must, "MTA_LOG_TYPE is " + quoted(type) + ": Alaveteli knows exim and postfix",
                 Where::general_yml, {"MTA_LOG_TYPE: postfix", "MTA_LOG_PATH: '/var/log/mail/mail.log-*'"});
    if (path.find(type == "exim" ? "postfix" : "exim") != std::string::npos)
      return say(Kind::must, "MTA_LOG_TYPE is " + type + " but MTA_LOG_PATH is " + quoted(path),
                 Where::general_yml, {"MTA_LOG_TYPE: " + std::string(type == "exim" ? "postfix" : "exim")});
    say(Kind::check,
        "Alaveteli reads the " + type + " log at " + quoted(path) +
            " to learn what became of outgoing mail: Guichet only receives, so the server that sends "
            "must go on writing it");
  }

  void sizes() {
    constexpr std::uint64_t authorities_send = 30'720'000;
    const auto max = settings_.smtpd.message_octets_max;
    if (max < authorities_send)
      say(Kind::must,
          "messages are limited to " + std::to_string(max) +
              " octets: the usual limit of 30 MB is below what "
              "authorities send",
          Where::guichet_toml, {"[smtpd]", "message_octets_max = 220000000"});
    const auto mib = (max + (1 << 20) - 1) >> 20;
    say(Kind::check,
        "by POP3 no other limit applies; if Alaveteli ≥ 0.47 is to take mail by Action Mailbox, nginx must "
        "let "
        "as much through",
        Where::elsewhere,
        {"client_max_body_size " + std::to_string(mib) + "m;   # nginx, location /rails/action_mailbox"});
  }

  const GeneralYml& general_;
  const conf::Settings& settings_;
  const Secrets& secrets_;
  std::vector<Advice> advice_;
};

}  // namespace

std::vector<Advice> preflight_advice(const GeneralYml& general, const conf::Settings& settings,
                                     const Secrets& secrets) {
  return Preflight(general, settings, secrets).run();
}

}  // namespace guichet::cli
