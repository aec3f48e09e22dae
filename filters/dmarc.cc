#include "filters/dmarc.h"

#include <algorithm>
#include <utility>

#include "filters/dmarc_record.h"
#include "filters/domain_name.h"

namespace guichet::filters {
namespace {

using Alignment = PublicSuffix::Alignment;

struct Discovery {
  AuthResult result = AuthResult::none;  // pass: there is a record
  DmarcRecord record;
  std::string domain;  // where it was found
  std::string why;     // there is none
};

Discovery without(AuthResult result, std::string_view why) {
  Discovery none;
  none.result = result;
  none.why = why;
  return none;
}

// Of one domain. nullopt: it has no record, and another may have.
std::optional<Discovery> discover_at(const std::string& domain, Names& names) {
  const std::string name = "_dmarc." + domain;
  if (!is_domain_name(name)) return std::nullopt;
  const auto answer = names.ask({.name = name, .type = NameType::txt});
  if (answer.outcome == NameAnswer::Outcome::failed)
    return without(AuthResult::temperror, "the policy could not be asked for");
  std::vector<std::string_view> records;
  std::copy_if(answer.records.begin(), answer.records.end(), std::back_inserter(records), is_dmarc_record);
  if (records.empty()) return std::nullopt;
  // RFC 7489 6.6.3, step 5
  if (records.size() > 1) return without(AuthResult::none, "the domain publishes several policies");
  const auto record = read_dmarc_record(records.front());
  if (!record) return without(AuthResult::none, "the policy that the domain publishes is not valid");
  return Discovery{.result = AuthResult::pass, .record = *record, .domain = domain, .why = ""};
}

// RFC 7489 6.6.3
Discovery discover(const std::string& domain, Names& names, const PublicSuffix& suffixes) {
  if (auto found = discover_at(domain, names)) return std::move(*found);
  const auto organization = suffixes.organizational_domain(domain);
  if (!organization.empty() && organization != domain)
    if (auto found = discover_at(organization, names)) return std::move(*found);
  return without(AuthResult::none, "the domain publishes no policy");
}

// What vouches for the author, and whether something else might have.
struct Vouching {
  bool spf = false, dkim = false, unknown = false;
};

Vouching vouching(const std::string& domain, const DmarcRecord& record, const std::optional<SpfFinding>& spf,
                  const std::vector<DkimFinding>& dkim, const PublicSuffix& suffixes) {
  Vouching found;
  // RFC 7489 3.1.2: of MAIL FROM, or of HELO where that is null
  if (spf && suffixes.aligned(spf->domain, domain, record.spf)) {
    found.spf = spf->result == AuthResult::pass;
    found.unknown = spf->result == AuthResult::temperror;
  }
  // RFC 7489 3.1.1
  for (const auto& signature : dkim) {
    if (!suffixes.aligned(signature.domain, domain, record.dkim)) continue;
    found.dkim |= signature.result == AuthResult::pass && !signature.partial;
    found.unknown |= signature.result == AuthResult::temperror;
  }
  return found;
}

void conclude(const Vouching& found, DmarcFinding& finding) {
  if (found.spf || found.dkim) {
    finding.result = AuthResult::pass;
    return;
  }
  finding.result = found.unknown ? AuthResult::temperror : AuthResult::fail;
  finding.why = found.unknown ? "what might vouch for the From address could not be asked for"
                              : "neither SPF nor DKIM vouches for the From address";
}

}  // namespace

DmarcFinding evaluate_dmarc(const Author& author, const std::optional<SpfFinding>& spf,
                            const std::vector<DkimFinding>& dkim, Names& names,
                            const PublicSuffix& suffixes) {
  DmarcFinding finding;
  finding.from_domain = author.domain;
  finding.why = author.why;
  if (author.domain.empty()) {
    finding.result = AuthResult::permerror;
    return finding;
  }
  const auto found = discover(author.domain, names, suffixes);
  finding.result = found.result;
  finding.why = found.why;
  const auto vouched = vouching(author.domain, found.record, spf, dkim, suffixes);
  finding.spf_aligned = vouched.spf;
  finding.dkim_aligned = vouched.dkim;
  if (found.result != AuthResult::pass) return finding;
  finding.policy_domain = found.domain;
  const bool own = found.domain == author.domain;
  finding.policy = name_of(own ? found.record.policy : found.record.subdomain_policy);
  conclude(vouched, finding);
  return finding;
}

void mark_author(const Author& author, const PublicSuffix& suffixes, std::vector<DkimFinding>& dkim) {
  for (auto& signature : dkim)
    signature.author =
        !author.domain.empty() && suffixes.aligned(signature.domain, author.domain, Alignment::relaxed);
}

}  // namespace guichet::filters
