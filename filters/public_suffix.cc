#include "filters/public_suffix.h"

#include <libpsl.h>

#include <stdexcept>

#include "filters/ascii.h"
#include "filters/domain_name.h"

namespace guichet::filters {

void PublicSuffix::Free::operator()(psl_ctx_st* list) const {
  psl_free(list);
}

PublicSuffix::PublicSuffix() : list_(psl_latest(nullptr)) {
  if (!list_) throw std::runtime_error("there is no public suffix list, neither of the system nor in libpsl");
}

std::string PublicSuffix::organizational_domain(std::string_view domain) const {
  if (!is_domain_name(domain)) return {};
  const auto lower = lower_case(domain);
  const auto* found = psl_registrable_domain(list_.get(), lower.c_str());
  return found ? found : "";
}

bool PublicSuffix::aligned(std::string_view a, std::string_view b, Alignment alignment) const {
  if (!is_domain_name(a) || !is_domain_name(b)) return false;
  if (lower_case(a) == lower_case(b)) return true;
  const auto organization = organizational_domain(a);
  return alignment == Alignment::relaxed && !organization.empty() && organization == organizational_domain(b);
}

}  // namespace guichet::filters
