#include "cli/certificate_watch.h"

#include <utility>

#include "cli/certificate_health.h"
#include "net/log.h"

namespace guichet::cli {
namespace {

using namespace std::chrono_literals;
using net::Level;

constexpr std::int64_t day_us = 86'400'000'000;

tl::expected<std::shared_ptr<net::Certificates>, std::string> open(
    const std::vector<net::CertificateFiles>& files) {
  if (files.empty()) return nullptr;
  return net::Certificates::open(files);
}

void say_renewed(const net::Certificates::Served& renewed) {
  net::log_event(Level::info, "tls.renewed",
                 {{"certificate", renewed.files.certificate.string()},
                  {"until", day_of(renewed.identity->facts().not_after_s)}});
}

}  // namespace

tl::expected<ServedCertificates, std::string> open_certificates(const conf::Settings& settings) {
  auto smtp = open(certificate_files(settings, settings.smtpd.tls_cert, settings.smtpd.tls_key));
  if (!smtp) return tl::unexpected(smtp.error());
  if (settings.popd.tls_cert.empty()) return ServedCertificates{*smtp, *smtp};
  auto pop3 = open(certificate_files(settings, settings.popd.tls_cert, settings.popd.tls_key));
  if (!pop3) return tl::unexpected(pop3.error());
  return ServedCertificates{std::move(*smtp), std::move(*pop3)};
}

CertificateWatch::CertificateWatch(const conf::Settings& settings, ServedCertificates served,
                                   store::Clock& clock)
    : settings_(settings),
      served_(std::move(served)),
      clock_(clock),
      all_read_(clock.now()),
      duty_({.name = "certificates", .first = 0ms, .interval = 1min},
            [this](const std::stop_token&) { look(); }) {}

void CertificateWatch::read_again() {
  const std::lock_guard lock(mutex_);
  take_up(/*all=*/true, /*asked=*/true);
}

// Once a day all of them, so that no key for tickets is older than that (RFC 9325 section 3.4).
void CertificateWatch::look() {
  const std::lock_guard lock(mutex_);
  take_up(clock_.now().unix_us - all_read_.unix_us >= day_us, /*asked=*/false);
}

void CertificateWatch::take_up(bool all, bool asked) {
  if (all) all_read_ = clock_.now();
  std::set<std::string> troubles;
  for (const auto& served : {served_.smtp, served_.pop3 == served_.smtp ? nullptr : served_.pop3}) {
    if (!served) continue;
    const auto refreshed = served->refresh(all);
    for (const auto& renewed : refreshed.renewed)
      say_renewed(renewed);
    troubles.insert(refreshed.troubles.begin(), refreshed.troubles.end());
    look_after(*served);
  }
  // One look may fall between the two renames of a renewal: what is still so a minute later is no accident.
  for (const auto& text : troubles)
    if (asked || seen_.contains(text)) say_trouble(text, asked);
  seen_ = std::move(troubles);
}

void CertificateWatch::look_after(const net::Certificates& served) {
  const auto now_s = clock_.now().unix_us / 1'000'000;
  for (const auto& pair : served.served())
    for (const auto& text : time_troubles(pair.identity->facts(), pair.files.certificate.string(), now_s,
                                          settings_.tls.expiry_alarm_days))
      say_trouble(text, false);
  if (&served != served_.smtp.get()) return;
  const auto named = served.for_name(settings_.smtpd.hostname);
  if (const auto text =
          name_trouble(named.identity->facts(), named.files.certificate.string(), settings_.smtpd.hostname);
      !text.empty())
    say_trouble(text, false);
}

void CertificateWatch::say_trouble(const std::string& text, bool again) {
  const auto now = clock_.now();
  const auto [said, first] = said_at_.try_emplace(text, now);
  if (!first && !again && now.unix_us - said->second.unix_us < day_us) return;
  said->second = now;
  net::log_event(Level::error, "tls.alarm", {{"text", text}});
}

}  // namespace guichet::cli
