#include "filters/spf_mechanisms.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

using Outcome = NameAnswer::Outcome;

bool lies_in(std::string_view name, std::string_view domain) {
  if (name.size() <= domain.size()) return same_letters(name, domain);
  const auto before = name.size() - domain.size() - 1;
  return name[before] == '.' && same_letters(name.substr(before + 1), domain);
}

std::string without_end_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

// RFC 7208 5: of an IPv4 client A, of an IPv6 client AAAA.
NameType address_type(const IpAddress& client) {
  return client.v4() ? NameType::a : NameType::aaaa;
}

bool holds(const NameAnswer& answer, const IpAddress& client, unsigned bits) {
  return std::ranges::any_of(answer.records, [&](const std::string& record) {
    const auto address = client.v4() ? parse_ip4(record) : parse_ip6(record);
    return address && address->shares(client, bits);
  });
}

unsigned bits_for(const IpAddress& client, const SpfDirective& directive) {
  return client.v4() ? directive.ip4_bits : directive.ip6_bits;
}

SpfOr<bool> has_address(const std::string& name, const SpfDirective& directive, SpfLookups& lookups,
                        const IpAddress& client) {
  if (!is_dns_name(name)) return false;
  const auto answer = lookups.ask_surely(name, address_type(client));
  if (!answer) return tl::unexpected(answer.error());
  return holds(*answer, client, bits_for(client, directive));
}

// "10 mail.example". The exchange of a null MX is "" or "." (RFC 7505 3): no name.
std::string exchange_of(std::string_view record) {
  const auto space = std::min(record.find(' '), record.size());
  return without_end_dot(std::string(record.substr(std::min(space + 1, record.size()))));
}

// RFC 7208 5.4. The limit is looked at before any address: what DNS puts first shall not decide.
SpfOr<bool> mx_matches(const std::string& target, const SpfDirective& directive, SpfLookups& lookups,
                       const IpAddress& client) {
  const auto answer = lookups.ask_surely(target, NameType::mx);
  if (!answer) return tl::unexpected(answer.error());
  const auto most = lookups.limits().mx_names_max;
  if (answer->records.size() > most)
    return spf_permerror("\"" + spf_quoted(target) + "\" has more than " + std::to_string(most) +
                         " MX names");
  for (const auto& record : answer->records) {
    auto found = has_address(exchange_of(record), directive, lookups, client);
    if (!found || *found) return found;
  }
  return false;
}

// RFC 7208 5.5: what the client calls itself; not believed yet. An error of DNS is no name.
SpfOr<std::vector<std::string>> names_of(const IpAddress& client, SpfLookups& lookups) {
  auto answer = lookups.ask(pointer_name(client), NameType::ptr);
  if (!answer) return tl::unexpected(answer.error());
  auto& names = answer->records;
  if (names.size() > lookups.limits().ptr_names_max) names.resize(lookups.limits().ptr_names_max);
  std::ranges::transform(names, names.begin(), without_end_dot);
  std::erase_if(names, [](const std::string& name) { return !is_dns_name(name); });
  return std::move(names);
}

// The first of the names that leads back to the client; "": none does. One that DNS has an error for is
// passed over (RFC 7208 5.5).
SpfOr<std::string> first_validated(const std::vector<std::string>& names, const IpAddress& client,
                                   SpfLookups& lookups) {
  for (const auto& name : names) {
    const auto answer = lookups.ask(name, address_type(client));
    if (!answer) return tl::unexpected(answer.error());
    if (holds(*answer, client, client.v4() ? 32 : 128)) return name;
  }
  return std::string();
}

SpfOr<bool> ptr_matches(const std::string& target, SpfLookups& lookups, const IpAddress& client) {
  auto names = names_of(client, lookups);
  if (!names) return tl::unexpected(names.error());
  std::erase_if(*names, [&](const std::string& name) { return !lies_in(name, target); });
  const auto name = first_validated(*names, client, lookups);
  if (!name) return tl::unexpected(name.error());
  return !name->empty();
}

// RFC 7208 5.7: A, for an IPv6 client too.
SpfOr<bool> exists_matches(const std::string& target, SpfLookups& lookups) {
  const auto answer = lookups.ask_surely(target, NameType::a);
  if (!answer) return tl::unexpected(answer.error());
  return answer->outcome == Outcome::found;
}

SpfOr<bool> asking_matches(const SpfDirective& directive, SpfLookups& lookups, const SpfMacroValues& values) {
  if (const auto counted = lookups.count_term(); !counted) return tl::unexpected(counted.error());
  const auto target = spf_target(directive.domain, lookups, values);
  if (!target) return tl::unexpected(target.error());
  if (!is_dns_name(*target)) return false;  // RFC 7208 4.8
  if (directive.mechanism == SpfMechanism::mx) return mx_matches(*target, directive, lookups, values.client);
  if (directive.mechanism == SpfMechanism::ptr) return ptr_matches(*target, lookups, values.client);
  if (directive.mechanism == SpfMechanism::exists) return exists_matches(*target, lookups);
  return has_address(*target, directive, lookups, values.client);
}

}  // namespace

SpfOr<std::string> spf_target(const std::optional<SpfMacroString>& spec, SpfLookups& lookups,
                              const SpfMacroValues& values) {
  if (!spec) return values.domain;
  const auto all = with_validated_name(*spec, lookups, values);
  if (!all) return tl::unexpected(all.error());
  return expand_domain(*spec, *all);
}

SpfOr<SpfMacroValues> with_validated_name(const SpfMacroString& text, SpfLookups& lookups,
                                          const SpfMacroValues& values) {
  if (!text.mentions('p')) return values;
  auto names = names_of(values.client, lookups);
  if (!names) return tl::unexpected(names.error());
  const auto in_domain = [&](const std::string& name) { return lies_in(name, values.domain); };
  const auto is_domain = [&](const std::string& name) { return same_letters(name, values.domain); };
  std::stable_partition(names->begin(), names->end(), in_domain);
  std::stable_partition(names->begin(), names->end(), is_domain);
  auto name = first_validated(*names, values.client, lookups);
  if (!name) return tl::unexpected(name.error());
  auto all = values;
  if (!name->empty()) all.validated_name = std::move(*name);
  return all;
}

SpfOr<bool> spf_matches(const SpfDirective& directive, SpfLookups& lookups, const SpfMacroValues& values) {
  switch (directive.mechanism) {
    case SpfMechanism::all:
      return true;
    case SpfMechanism::ip4:
    case SpfMechanism::ip6:
      return directive.network.shares(values.client, bits_for(values.client, directive));
    case SpfMechanism::a:
    case SpfMechanism::mx:
    case SpfMechanism::ptr:
    case SpfMechanism::exists:
      return asking_matches(directive, lookups, values);
    case SpfMechanism::include:
      break;  // the caller's
  }
  return false;
}

}  // namespace guichet::filters
