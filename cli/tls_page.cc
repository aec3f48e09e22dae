#include "cli/tls_page.h"

#include <algorithm>
#include <iterator>

#include "cli/certificate_health.h"
#include "cli/plain_text.h"
#include "store/hash.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t sts_id_octets = 32;  // RFC 8461 section 3.1: at most

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts)
    all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::string line_of(const DnsRecord& record) {
  const bool quoted = record.type == "TXT";
  return record.name + " IN " + record.type + " " + (quoted ? "\"" + record.data + "\"" : record.data) +
         (record.comment.empty() ? "" : "  ; " + plain(record.comment)) + "\n";
}

std::string policy_url(const std::string& domain) {
  return "https://mta-sts." + domain + "/.well-known/mta-sts.txt";
}

std::string in_words(std::int64_t days) {
  if (days < 0) return "expired";
  return days == 1 ? "in 1 day" : "in " + std::to_string(days) + " days";
}

std::string certificate_text(const TlsPage::Certificate& certificate, std::int64_t now_s) {
  const auto& facts = certificate.facts;
  return "certificate  " + certificate.file + "\n  subject    " + plain(facts.subject) + "\n  names      " +
         (facts.names.empty() ? "none" : plain(joined(facts.names))) + "\n  issuer     " +
         (facts.self_signed ? "itself" : plain(facts.issuer)) + "\n  expires    " +
         day_of(facts.not_after_s) + ", " + in_words(days_left(facts, now_s)) + "\n";
}

std::string domain_text(const TlsPage& page, const TlsPage::Domain& domain) {
  std::string text = "\nMTA-STS and reports for " + domain.name + "\n";
  text += line_of(sts_record(domain.name, page.policy));
  text += line_of(report_record(domain.name, domain.reports_to));
  return text + policy_url(domain.name) + "\n";
}

std::vector<DnsRecord> all_tlsa(const TlsPage::Certificate& certificate) {
  std::vector<DnsRecord> all;
  for (const auto& name : certificate.served_as)
    std::ranges::copy(tlsa_records(name, certificate.facts), std::back_inserter(all));
  return all;
}

Json to_json(const DnsRecord& record) {
  return {{"name", record.name}, {"type", record.type}, {"data", record.data}};
}

Json to_json(const TlsPage::Certificate& certificate, std::int64_t now_s) {
  const auto& facts = certificate.facts;
  Json tlsa = Json::array();
  for (const auto& record : all_tlsa(certificate))
    tlsa.push_back(to_json(record));
  return {{"file", certificate.file},
          {"subject", facts.subject},
          {"names", facts.names},
          {"issuer", facts.issuer},
          {"self_signed", facts.self_signed},
          {"not_after", day_of(facts.not_after_s)},
          {"days_left", days_left(facts, now_s)},
          {"tlsa", std::move(tlsa)}};
}

}  // namespace

std::vector<DnsRecord> tlsa_records(const std::string& hostname, const net::CertificateFacts& certificate) {
  const auto name = "_25._tcp." + hostname + ".";
  std::vector<DnsRecord> records{{name, "TLSA", "3 1 1 " + certificate.key_sha256,
                                  "good as long as the key is kept: certbot --reuse-key"}};
  for (const auto& authority : certificate.chain)
    records.push_back({name, "TLSA", "2 1 1 " + authority.key_sha256, authority.subject});
  return records;
}

std::string policy_text(const StsPolicy& policy) {
  std::string text =
      "version: STSv1\r\nmode: " + std::string(policy.enforce ? "enforce" : "testing") + "\r\n";
  for (const auto& mx : policy.mx)
    text += "mx: " + mx + "\r\n";
  return text + "max_age: " + std::to_string(policy.max_age_s) + "\r\n";
}

DnsRecord sts_record(const std::string& domain, const StsPolicy& policy) {
  const auto id = store::sha256(policy_text(policy)).hex().substr(0, sts_id_octets);
  return {"_mta-sts." + domain + ".", "TXT", "v=STSv1; id=" + id + ";"};
}

DnsRecord report_record(const std::string& domain, const std::string& mailbox) {
  return {"_smtp._tls." + domain + ".", "TXT", "v=TLSRPTv1; rua=mailto:" + mailbox};
}

std::string as_text(const TlsPage& page) {
  std::string text;
  for (const auto& certificate : page.certificates)
    text += certificate_text(certificate, page.now_s);
  if (!page.certificates.empty()) text += "\nDANE, in a zone that is signed with DNSSEC\n";
  for (const auto& certificate : page.certificates)
    for (const auto& record : all_tlsa(certificate))
      text += line_of(record);
  for (const auto& domain : page.domains)
    text += domain_text(page, domain);
  if (!page.domains.empty()) text += "\nThe policy, at each of these addresses\n" + policy_text(page.policy);
  std::erase(text, '\r');
  for (const auto& problem : page.problems)
    text += "! " + problem + "\n";
  return text;
}

Json as_json(const TlsPage& page) {
  Json certificates = Json::array(), domains = Json::array();
  for (const auto& certificate : page.certificates)
    certificates.push_back(to_json(certificate, page.now_s));
  for (const auto& domain : page.domains)
    domains.push_back({{"domain", domain.name},
                       {"mta_sts", to_json(sts_record(domain.name, page.policy))},
                       {"policy_url", policy_url(domain.name)},
                       {"policy", policy_text(page.policy)},
                       {"tlsrpt", to_json(report_record(domain.name, domain.reports_to))}});
  return {{"hostname", page.hostname},
          {"certificates", std::move(certificates)},
          {"domains", std::move(domains)},
          {"problems", page.problems}};
}

}  // namespace guichet::cli
