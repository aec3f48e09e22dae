#include "filters/authentication_results.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/ascii.h"
#include "filters/domain_name.h"
#include "filters/ip_address.h"

namespace guichet::filters {
namespace {

constexpr std::size_t line_octets_wanted = 78;  // RFC 5322 2.1.1
constexpr std::size_t reason_octets_max = 120;
constexpr std::size_t token_octets_max = 64;
constexpr std::size_t address_octets_max = 320;  // RFC 5321 4.5.3.1
constexpr std::size_t signatures_written_max = 5;

// With "=" at its end alone: elsewhere it would make "dkim=pas" of it.
bool is_base64(std::string_view text) {
  if (text.empty() || text.size() > token_octets_max) return false;
  const auto end = text.find_last_not_of('=') + 1;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= token_octets_max && is_domain_name(text);
}

// One result: a method, a reason, properties.
class Result {
 public:
  Result(std::string_view method, AuthResult result) {
    words_.push_back(std::string(method) + "=" + std::string(name_of(result)));
  }

  // Before the properties (RFC 8601 2.2). In the words of whoever judged: characters that could end or begin
  // something for a reader that knows no quoting become spaces.
  Result& reason(std::string_view why) {
    std::string text;
    for (const char c : why.substr(0, reason_octets_max))
      text +=
          c > ' ' && c < '\x7f' && std::string_view("\"\\;()=").find(c) == std::string_view::npos ? c : ' ';
    if (text.find_first_not_of(' ') != std::string::npos) words_.push_back("reason=\"" + text + "\"");
    return *this;
  }

  Result& domain(std::string_view property, std::string_view name) {
    if (is_domain_name(name)) add(property, name);
    return *this;
  }

  Result& token(std::string_view property, std::string_view text) {
    if (is_token(text)) add(property, text);
    return *this;
  }

  // RFC 8601 2.2: [[local-part] "@"] domain-name
  Result& address(std::string_view property, std::string_view text) {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || text.size() > address_octets_max) return *this;
    const auto local_part = text.substr(0, at);
    const bool plain =
        local_part.empty() || (is_dot_atom(local_part) && local_part.find('=') == std::string_view::npos);
    if (plain && is_domain_name(text.substr(at + 1))) add(property, text);
    return *this;
  }

  // RFC 6008 4. "/" and "=" need quotes (RFC 2045 5.1).
  Result& base64(std::string_view property, std::string_view text) {
    if (!is_base64(text)) return *this;
    add(property, text, text.find_first_of("/=") != std::string_view::npos);
    return *this;
  }

  // The colons of an IPv6 address need quotes.
  Result& ip(std::string_view property, std::string_view text) {
    if (const auto parsed = parse_client(text)) add(property, to_text(*parsed), !parsed->v4());
    return *this;
  }

  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

 private:
  void add(std::string_view property, std::string_view value, bool quoted = false) {
    const std::string quote = quoted ? "\"" : "";
    words_.push_back(std::string(property) + "=" + quote + std::string(value) + quote);
  }

  std::vector<std::string> words_;
};

std::string_view domain_part(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

// The address as it was given, if it is of the domain that was judged; else that domain alone.
Result spf_result(const SpfFinding& spf, const Envelope& envelope) {
  Result result("spf", spf.result);
  // The words of a fail are those of the domain (RFC 7208 6.2); under our name stand none of them.
  if (spf.result == AuthResult::temperror || spf.result == AuthResult::permerror)
    result.reason(spf.explanation);
  if (spf.by_helo) return result.domain("smtp.helo", spf.domain);
  const auto before = result.words().size();
  if (lower_case(domain_part(envelope.mail_from)) == lower_case(spf.domain))
    result.address("smtp.mailfrom", envelope.mail_from);
  if (result.words().size() == before) result.domain("smtp.mailfrom", spf.domain);
  return result;
}

Result dkim_result(const DkimFinding& signature) {
  const bool unsigned_rest = signature.result == AuthResult::pass && signature.partial;
  return Result("dkim", unsigned_rest ? AuthResult::policy : signature.result)
      .reason(unsigned_rest ? "some of the body is not signed" : std::string_view(signature.why))
      .domain("header.d", signature.domain)
      .domain("header.s", signature.selector)
      .token("header.a", signature.algorithm)
      .address("header.i", signature.identity)
      .base64("header.b", signature.beginning);
}

Result dmarc_result(const DmarcFinding& dmarc) {
  return Result("dmarc", dmarc.result)
      .reason(dmarc.why)
      .domain("header.from", dmarc.from_domain)
      .token("policy.dmarc", dmarc.policy);
}

std::vector<Result> results_of(const Findings& findings, const Envelope& envelope) {
  std::vector<Result> results;
  if (findings.spf) results.push_back(spf_result(*findings.spf, envelope));
  for (std::size_t at = 0; at < std::min(findings.dkim.size(), signatures_written_max); ++at)
    results.push_back(dkim_result(findings.dkim[at]));
  if (findings.dkim_done && findings.dkim.empty()) results.push_back(Result("dkim", AuthResult::none));
  if (findings.dmarc) results.push_back(dmarc_result(*findings.dmarc));
  if (findings.reverse)
    results.push_back(Result("iprev", findings.reverse->result).ip("policy.iprev", envelope.client));
  return results;
}

// Puts words on lines. Each result begins a line.
class Field {
 public:
  explicit Field(std::string_view first) : text_(first), line_octets_(first.size()) {}

  void result(const Result& result) {
    text_ += ";";
    bool first = true;
    for (const auto& word : result.words()) {
      const bool folds =
          std::exchange(first, false) || line_octets_ + 1 + word.size() + 1 > line_octets_wanted;
      text_.append(folds ? "\r\n\t" : " ").append(word);
      line_octets_ = (folds ? 0 : line_octets_) + 1 + word.size();
    }
  }

  [[nodiscard]] std::string whole() && { return std::move(text_) + "\r\n"; }

 private:
  std::string text_;
  std::size_t line_octets_;
};

}  // namespace

std::string authentication_results(const Findings& findings, const Envelope& envelope) {
  const std::string host = is_domain_name(envelope.hostname) ? envelope.hostname : "localhost";
  const auto results = results_of(findings, envelope);
  const std::string begin = "Authentication-Results: " + host;
  if (results.empty()) return begin + "; none\r\n";
  Field field(begin);
  for (const auto& result : results)
    field.result(result);
  return std::move(field).whole();
}

bool names_authserv(const Message& message, std::string_view hostname) {
  const auto wanted = lower_case(hostname);
  const auto values = message.values("authentication-results");
  return std::any_of(values.begin(), values.end(), [&](std::string_view value) {
    return lower_case(value).find(wanted) != std::string::npos;
  });
}

}  // namespace guichet::filters
