// Which certificates are served, and what is wrong with one, or will soon be. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "net/certificate.h"
#include "net/tls.h"

namespace guichet::cli {

// The pairs of a port: `certificate` and `key` first, then each [[certificate]].
[[nodiscard]] std::vector<net::CertificateFiles> certificate_files(const conf::Settings& settings,
                                                                   const std::filesystem::path& certificate,
                                                                   const std::filesystem::path& key);

// Whole days until it expires, downwards: 0 on its last day, negative afterwards.
[[nodiscard]] std::int64_t days_left(const net::CertificateFacts& certificate, std::int64_t now_s);

// "2026-12-01"
[[nodiscard]] std::string day_of(std::int64_t unix_s);

// One line each. `file` is where it is; an expiry less than `alarm_days` away is one; 0: only one that has
// passed.
[[nodiscard]] std::vector<std::string> time_troubles(const net::CertificateFacts& certificate,
                                                     const std::string& file, std::int64_t now_s,
                                                     unsigned alarm_days);

// Empty, or that the certificate does not bear the name by which mail servers ask for this one.
[[nodiscard]] std::string name_trouble(const net::CertificateFacts& certificate, const std::string& file,
                                       const std::string& hostname);

}  // namespace guichet::cli
