// What is wrong with a certificate that is served, or will soon be. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/certificate.h"

namespace guichet::cli {

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
