// What `guichet tls show` says: the certificates, and what belongs into DNS and onto a web server so that
// senders insist on TLS. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "net/certificate.h"

namespace guichet::cli {

struct DnsRecord {
  std::string name, type, data;  // "_25._tcp.mx.example.org.", "TLSA", "3 1 1 …"
  std::string comment = {};

  friend bool operator==(const DnsRecord&, const DnsRecord&) = default;
};

struct StsPolicy {  // RFC 8461 section 3.2
  bool enforce = false;
  std::vector<std::string> mx;
  std::uint64_t max_age_s = 604'800;
};

// RFC 6698, RFC 7672 section 3.1: the key of the certificate, which a renewal may change, and those of the
// authorities that are sent with it. For port 25 of a mail server of this name.
[[nodiscard]] std::vector<DnsRecord> tlsa_records(const std::string& hostname,
                                                  const net::CertificateFacts& certificate);

// What https://mta-sts.DOMAIN/.well-known/mta-sts.txt must say; lines end in CRLF.
[[nodiscard]] std::string policy_text(const StsPolicy& policy);
// The id is made of the policy: it changes when the policy does, and only then (RFC 8461 section 3.1).
[[nodiscard]] DnsRecord sts_record(const std::string& domain, const StsPolicy& policy);
// RFC 8460 section 3.
[[nodiscard]] DnsRecord report_record(const std::string& domain, const std::string& mailbox);

struct TlsPage {
  struct Certificate {
    std::string file;
    net::CertificateFacts facts;
    std::vector<std::string> served_as;  // names of mail servers for which it is served
  };
  struct Domain {
    std::string name, reports_to;
  };
  std::string hostname;
  std::vector<Certificate> certificates;
  std::vector<Domain> domains;
  StsPolicy policy;
  std::int64_t now_s = 0;
  std::vector<std::string> problems;
};

[[nodiscard]] std::string as_text(const TlsPage& page);
[[nodiscard]] nlohmann::ordered_json as_json(const TlsPage& page);

}  // namespace guichet::cli
