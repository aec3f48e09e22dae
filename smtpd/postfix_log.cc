#include "smtpd/postfix_log.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace guichet::smtpd {
namespace {

constexpr std::size_t text_octets_max = 300;

// Printable ASCII without blanks, as Postfix does it with '?'; and nothing that Alaveteli reads as a result.
std::string tame(std::string_view text, bool blanks = false) {
  const char first = blanks ? ' ' : '!';
  std::string out(text.substr(0, text_octets_max));
  std::ranges::replace_if(
      out, [first](char c) { return c < first || c > '~'; }, '?');
  for (const std::string_view mark : {"dsn=", "status="})
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at))
      out[at + mark.size() - 1] = '?';
  return out;
}

// In the zone of the machine, as syslog has it.
std::tm local_time(store::Instant at) {
  const auto seconds = static_cast<std::time_t>(at.unix_us / 1'000'000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return local;
}

// "Oct  3 16:39:35"
std::string stamp(store::Instant at) {
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto local = local_time(at);
  char text[32];
  std::snprintf(text, sizeof text, "%s %2d %02d:%02d:%02d", months.at(static_cast<std::size_t>(local.tm_mon)),
                local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
  return text;
}

std::string queue_id(const store::Uuid& id) {
  auto digits = id.text().substr(24);
  std::ranges::transform(digits, digits.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return digits;
}

std::string begin(const PostfixFacts& facts, const char* service) {
  return stamp(facts.at) + " " + tame(facts.host) + " postfix/" + service + "[" +
         std::to_string(facts.process) + "]: " + queue_id(facts.id) + ": ";
}

std::string client_of(const PostfixFacts& facts) {
  const auto& client = facts.client;
  return (client.name.empty() ? "unknown" : tame(client.name)) + "[" +
         (client.address.empty() ? "unknown" : tame(client.address)) + "]";
}

}  // namespace

std::string postfix_day(store::Instant at) {
  const auto local = local_time(at);
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02d%02d", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
  return text;
}

std::string lines_of_filing(const PostfixFacts& facts, const std::vector<std::string>& recipients,
                            std::uint64_t size_octets) {
  auto lines = begin(facts, "smtpd") + "client=" + client_of(facts) + "\n";
  lines += begin(facts, "qmgr") + "from=<" + tame(facts.mail_from) +
           ">, size=" + std::to_string(size_octets) + ", nrcpt=" + std::to_string(recipients.size()) +
           " (queue active)\n";
  for (const auto& recipient : recipients)
    lines += begin(facts, "virtual") + "to=<" + tame(recipient) + ">, relay=guichet (filed as " +
             facts.id.text() + ")\n";
  return lines;
}

// One line for each: two addresses of requests in one word would be read as one.
std::string lines_of_refusal(const PostfixFacts& facts, const Refused& refused) {
  std::string lines;
  for (const auto& recipient : refused.recipients)
    lines += begin(facts, "smtpd") + "reject: " + (refused.stage == Stage::recipient ? "RCPT" : "DATA") +
             " from " + client_of(facts) + ": " + tame(refused.reply.line(), true) + "; from=<" +
             tame(refused.mail_from.value_or("")) + "> to=<" + tame(recipient) + ">\n";
  return lines;
}

}  // namespace guichet::smtpd
