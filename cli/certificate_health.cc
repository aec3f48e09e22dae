#include "cli/certificate_health.h"

#include "store/types.h"

namespace guichet::cli {
namespace {

constexpr std::int64_t day_s = 86'400;

}  // namespace

std::vector<net::CertificateFiles> certificate_files(const conf::Settings& settings,
                                                     const std::filesystem::path& certificate,
                                                     const std::filesystem::path& key) {
  if (certificate.empty()) return {};
  std::vector<net::CertificateFiles> files{{certificate, key}};
  for (const auto& more : settings.certificates)
    files.push_back({more.cert, more.key});
  return files;
}

std::int64_t days_left(const net::CertificateFacts& certificate, std::int64_t now_s) {
  const auto left_s = certificate.not_after_s - now_s;
  return left_s >= 0 ? left_s / day_s : -((day_s - 1 - left_s) / day_s);
}

std::string day_of(std::int64_t unix_s) {
  return store::Instant{unix_s * 1'000'000}.rfc3339().substr(0, 10);
}

std::vector<std::string> time_troubles(const net::CertificateFacts& certificate, const std::string& file,
                                       std::int64_t now_s, unsigned alarm_days) {
  const auto until = day_of(certificate.not_after_s);
  if (certificate.not_before_s > now_s)
    return {"the certificate " + file + " is not valid before " + day_of(certificate.not_before_s) +
            ": is the clock of this machine right?"};
  const auto left = days_left(certificate, now_s);
  if (left < 0)
    return {"the certificate " + file + " expired on " + until +
            ": senders that check it hold their mail back; renew it, it is taken up by itself"};
  if (left < std::int64_t{alarm_days})
    return {"the certificate " + file + " expires on " + until + ", in " + std::to_string(left) +
            " days: does its renewal work? A new one is taken up by itself"};
  return {};
}

std::string name_trouble(const net::CertificateFacts& certificate, const std::string& file,
                         const std::string& hostname) {
  if (net::bears(certificate, hostname)) return {};
  return "the certificate " + file + " does not name smtpd.hostname, " + hostname +
         ": senders that check it (MTA-STS, DANE) hold their mail back";
}

}  // namespace guichet::cli
