#include "cli/tls.h"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "cli/certificate_health.h"
#include "cli/plain_text.h"
#include "cli/tls_page.h"
#include "net/certificates.h"
#include "store/seams.h"

namespace guichet::cli {
namespace {

// What can be read of the configured certificates, and what is wrong with them.
struct Read {
  std::vector<TlsPage::Certificate> certificates;
  std::vector<std::string> problems;
};

void read_one(const net::CertificateFiles& files, Read& read) {
  const auto known = [&](const auto& other) { return other.file == files.certificate.string(); };
  if (std::ranges::any_of(read.certificates, known)) return;
  auto identity = net::TlsIdentity::load(files);
  if (!identity) return read.problems.push_back(identity.error());
  read.certificates.push_back({files.certificate.string(), (*identity)->facts(), {}});
}

// Which certificate a mail server is given that asks for `name`, as TlsContext has it: the first that bears
// it.
void serve(Read& read, std::size_t smtp_count, const std::string& name) {
  const auto end = read.certificates.begin() + static_cast<std::ptrdiff_t>(smtp_count);
  const auto found = std::find_if(read.certificates.begin(), end,
                                  [&](const auto& one) { return net::bears(one.facts, name); });
  auto& chosen = found == end ? read.certificates.front() : *found;
  const auto known = std::ranges::find(chosen.served_as, name) != chosen.served_as.end();
  if (!known) chosen.served_as.push_back(name);
}

// The names under which another host may be the mail server of a site: all but wildcards.
std::vector<std::string> names_of_mail_servers(const conf::Settings& settings, const Read& read,
                                               std::size_t smtp_count) {
  std::vector<std::string> names{settings.smtpd.hostname};
  for (std::size_t i = 1; i < smtp_count; ++i)
    std::ranges::copy_if(read.certificates[i].facts.names, std::back_inserter(names),
                         [](const auto& name) { return !name.starts_with("*."); });
  return names;
}

Read read_certificates(const conf::Settings& settings, std::int64_t now_s) {
  Read read;
  for (const auto& files : certificate_files(settings, settings.smtpd.tls_cert, settings.smtpd.tls_key))
    read_one(files, read);
  const auto smtp_count = read.certificates.size();
  if (!settings.popd.tls_cert.empty()) read_one({settings.popd.tls_cert, settings.popd.tls_key}, read);
  for (const auto& one : read.certificates)
    std::ranges::copy(time_troubles(one.facts, one.file, now_s, settings.tls.expiry_alarm_days),
                      std::back_inserter(read.problems));
  if (smtp_count == 0) return read;
  for (const auto& name : names_of_mail_servers(settings, read, smtp_count))
    serve(read, smtp_count, name);
  for (const auto& one : read.certificates)
    if (std::ranges::find(one.served_as, settings.smtpd.hostname) != one.served_as.end())
      if (auto trouble = name_trouble(one.facts, one.file, settings.smtpd.hostname); !trouble.empty())
        read.problems.push_back(std::move(trouble));
  return read;
}

std::vector<TlsPage::Domain> domains_of(const conf::Settings& settings, const std::string& reports_to) {
  std::vector<TlsPage::Domain> domains;
  for (const auto& site : settings.sites) {
    const auto known = [&](const auto& domain) { return domain.name == site.domain; };
    if (std::ranges::any_of(domains, known)) continue;
    domains.push_back({site.domain, reports_to.empty() ? "postmaster@" + site.domain : reports_to});
  }
  return domains;
}

std::int64_t now_in_seconds() {
  return store::real_clock()->now().unix_us / 1'000'000;
}

TlsPage page_of(const conf::Settings& settings, const TlsShowOptions& options) {
  const auto now_s = now_in_seconds();
  auto read = read_certificates(settings, now_s);
  TlsPage page{.hostname = settings.smtpd.hostname,
               .certificates = std::move(read.certificates),
               .domains = domains_of(settings, options.reports_to),
               .policy = {options.enforce, {settings.smtpd.hostname}, options.max_age_s},
               .now_s = now_s,
               .problems = std::move(read.problems)};
  if (settings.smtpd.tls_cert.empty())
    page.problems.emplace_back(
        "there is no certificate, so mail comes in clear: set smtpd.tls_cert and tls_key");
  if (options.enforce && !page.certificates.empty() && page.certificates.front().facts.self_signed)
    page.problems.push_back(
        "the certificate " + page.certificates.front().file +
        " is signed by itself: with the mode enforce nobody who reads the policy could send");
  return page;
}

}  // namespace

int tls_show(const conf::Settings& settings, const TlsShowOptions& options) {
  const auto page = page_of(settings, options);
  if (options.json)
    std::cout << as_json(page).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  else
    std::cout << as_text(page);
  return page.problems.empty() ? 0 : 1;
}

TlsStanding tls_standing(const conf::Settings& settings, std::int64_t now_s) {
  auto read = read_certificates(settings, now_s);
  TlsStanding standing{.line = "none: mail comes in clear", .problems = std::move(read.problems)};
  const auto first =
      std::ranges::min_element(read.certificates, {}, [](const auto& one) { return one.facts.not_after_s; });
  if (first == read.certificates.end()) return standing;
  standing.days_left = days_left(first->facts, now_s);
  standing.line =
      std::to_string(read.certificates.size()) +
      (read.certificates.size() == 1 ? " certificate, until " : " certificates, the first until ") +
      day_of(first->facts.not_after_s);
  return standing;
}

}  // namespace guichet::cli
