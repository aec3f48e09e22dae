#include "cli/importing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <utility>

#include "cli/owner.h"
#include "cli/plain_text.h"
#include "cli/recipients.h"

namespace guichet::cli {
namespace {

using store::ErrorKind;
using store::Result;

constexpr std::size_t piece_octets = 256 * 1024;

// As RCPT would have it today, but a wrong hash in the address is no reason to leave history out.
smtpd::Policy policy_of(const conf::Settings& settings) {
  std::vector<smtpd::SitePolicy> sites;
  for (const auto& site : settings.sites)
    sites.push_back({.domain = site.domain,
                     .prefix = site.prefix,
                     .maildrop = site.maildrop,
                     .secret = {},
                     .strict = false});
  return smtpd::Policy(std::move(sites), routes_of(settings));
}

IsOurs ours_by(const smtpd::Policy& policy) {
  return [&policy](const std::string& address) {
    const auto path = smtpd::parse_path("<" + address + ">");
    return path && policy.rule(path->path).taken();
  };
}

}  // namespace

ImportFile::ImportFile(const std::filesystem::path& path) {
  const AsCaller caller;
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd_ >= 0 && (::fstat(fd_, &status_) != 0 || !S_ISREG(status_.st_mode))) {
    ::close(fd_);
    fd_ = -1;
    errno = EINVAL;
  }
}

ImportFile::~ImportFile() {
  if (fd_ >= 0) ::close(fd_);
}

store::Instant ImportFile::modified() const {
  return {status_.st_mtim.tv_sec * std::int64_t{1'000'000} + status_.st_mtim.tv_nsec / 1000};
}

Result<std::string_view> ImportFile::read(std::string& buffer) const {
  buffer.resize(piece_octets);
  ssize_t got = 0;
  do
    got = ::read(fd_, buffer.data(), buffer.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) return store::fail(ErrorKind::io, std::strerror(errno));
  return std::string_view(buffer).substr(0, static_cast<std::size_t>(got));
}

Import::Import(Acting& acting, const conf::Settings& settings, const ImportOptions& options, std::string from)
    : options_(options),
      policy_(policy_of(settings)),
      is_ours_(ours_by(policy_)),
      batch_(acting, settings, options, std::move(from), counts_) {}

Result<void> Import::end(ImportBatch::Description message, const std::vector<HeaderField>& fields) {
  auto recipient = recipient_of(fields, is_ours_);
  if (!recipient && !options_.recipient.empty()) recipient = options_.recipient;
  if (!recipient) {
    batch_.leave_out(message.name,
                     "no address of a site in X-Original-To, Delivered-To, Envelope-To, and no request "
                     "address in To or Cc; --recipient ADDRESS says for whom such messages are");
    return {};
  }
  message.recipient = std::move(*recipient);
  return batch_.end(message);
}

int Import::summary(const Result<void>& done) const {
  std::cout << counts_.imported << (options_.dry_run ? " would be imported" : " imported")
            << (options_.handed_over ? " as handed over, " : ", ") << counts_.there << " were there already, "
            << counts_.left_out << " left out\n";
  if (!done) return complain(done.error().text + "; the same command goes on from here");
  return counts_.left_out == 0 ? 0 : 1;
}

bool names_a_maildrop(const conf::Settings& settings, const ImportOptions& options) {
  if (std::ranges::any_of(settings.maildrops,
                          [&](const auto& maildrop) { return maildrop.name == options.maildrop; }))
    return true;
  complain("there is no [[maildrop]] \"" + options.maildrop + "\"");
  return false;
}

}  // namespace guichet::cli
