// `guichet tls show`: the certificates that are in the configured files, and the DNS records for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

struct TlsShowOptions {
  bool enforce = false;  // the policy's mode; else testing
  std::uint64_t max_age_s = 604'800;
  std::string reports_to;  // a mailbox; empty: postmaster at each site's domain
  bool json = false;
};

// 1 when something needs doing: each such thing is a line that begins with "!" ("problems" in the JSON).
[[nodiscard]] int tls_show(const conf::Settings& settings, const TlsShowOptions& options);

// For `guichet status`.
struct TlsStanding {
  std::string line;            // "mx.example.org until 2026-12-01, 12 days"
  std::int64_t days_left = 0;  // of the one that expires first; 0 without any
  std::vector<std::string> problems;
};
[[nodiscard]] TlsStanding tls_standing(const conf::Settings& settings, std::int64_t now_s);

}  // namespace guichet::cli
