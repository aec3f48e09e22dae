// Findings for tests, with their usual members; others are set one by one.
#pragma once

#include <string>
#include <utility>

#include "filters/findings.h"

namespace guichet::filters {

inline SpfFinding spf_found(AuthResult result, std::string domain) {
  SpfFinding finding;
  finding.result = result;
  finding.domain = std::move(domain);
  return finding;
}

inline DkimFinding dkim_found(AuthResult result, std::string domain, bool partial = false) {
  DkimFinding finding;
  finding.result = result;
  finding.domain = std::move(domain);
  finding.partial = partial;
  return finding;
}

inline DmarcFinding dmarc_found(AuthResult result, std::string from_domain, std::string policy = "") {
  DmarcFinding finding;
  finding.result = result;
  finding.from_domain = std::move(from_domain);
  finding.policy = std::move(policy);
  return finding;
}

}  // namespace guichet::filters
