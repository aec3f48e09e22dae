#include "handover/smtp_route.h"

#include <algorithm>

#include "handover/transfer.h"

namespace guichet::handover {
namespace {

constexpr unsigned own_hops_max = 2;  // this one, and one that came back once
constexpr unsigned hops_max = 50;

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool starts_field(std::string_view line, std::string_view name) {
  return line.size() >= name.size() && std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

long tls_level(StartTls tls) {
  switch (tls) {
    case StartTls::never:
      return CURLUSESSL_NONE;
    case StartTls::when_offered:
      return CURLUSESSL_TRY;
    case StartTls::required:
      break;
  }
  return CURLUSESSL_ALL;
}

}  // namespace

bool goes_in_circles(std::string_view octets, std::string_view hostname) {
  const auto header = octets.substr(0, octets.find("\r\n\r\n"));
  const std::string ours = "by " + std::string(hostname);
  unsigned hops = 0, own_hops = 0;
  for (std::size_t at = 0; at < header.size();) {
    auto end = header.find("\r\n", at);
    while (end != std::string_view::npos && end + 2 < header.size() &&
           (header[end + 2] == ' ' || header[end + 2] == '\t'))
      end = header.find("\r\n", end + 2);  // continued
    const auto field = header.substr(at, end == std::string_view::npos ? end : end - at);
    if (starts_field(field, "received:")) {
      ++hops;
      if (field.find(ours) != std::string_view::npos) ++own_hops;
    }
    at = end == std::string_view::npos ? header.size() : end + 2;
  }
  return own_hops > own_hops_max || hops > hops_max;
}

std::string without_return_path(std::string octets) {
  if (!starts_field(octets, "return-path:")) return octets;
  octets.erase(0, octets.find("\r\n") + 2);
  return octets;
}

Outcome::Kind meaning_of_reply(long reply, std::string_view command) {
  const bool about_the_message =
      command.starts_with("MAIL") || command.starts_with("RCPT") || command.starts_with("DATA");
  if (!about_the_message || reply < 400 || reply == 421) return Outcome::Kind::unreachable;
  return reply < 500 ? Outcome::Kind::refused_for_now : Outcome::Kind::refused_for_good;
}

Outcome SmtpRouteDriver::hand_over(const Item& item, store::ServedMessage& octets,
                                   const std::stop_token& stop) {
  auto begin = octets.next();
  if (!begin) return not_readable(begin.error());
  if (goes_in_circles(*begin, options_.hostname))
    return {Outcome::Kind::refused_for_good, "it goes in circles: it came by here before"};

  const auto whole = begin->size();
  auto body = without_return_path(std::move(*begin));
  const auto size = item.size_octets - (whole - body.size());
  Transfer transfer(octets, stop);
  transfer.body_begins_with(std::move(body));
  // What follows the slash is what EHLO says.
  transfer.set(CURLOPT_URL, "smtp://" + bracketed(options_.host) + ":" + std::to_string(options_.port) + "/" +
                                options_.hostname);
  transfer.set(CURLOPT_PROTOCOLS_STR, "smtp");
  transfer.set(CURLOPT_TIMEOUT, static_cast<long>(options_.time_limit.count()));
  transfer.set(CURLOPT_USE_SSL, tls_level(options_.tls));
  const bool verify = options_.tls == StartTls::required;  // encryption is better than none, whoever it is
  transfer.set(CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  transfer.set(CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  if (!options_.ca_file.empty()) transfer.set(CURLOPT_CAINFO, options_.ca_file.string());
  transfer.set(CURLOPT_MAIL_FROM, "<" + item.mail_from + ">");
  transfer.add(CURLOPT_MAIL_RCPT, "<" + item.recipient + ">");
  transfer.set(CURLOPT_UPLOAD, 1L);
  transfer.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  const bool taken = transfer.run();
  if (taken) return {};
  if (transfer.unreadable()) return not_readable(*transfer.unreadable());
  if (transfer.stopped()) return {Outcome::Kind::stopped, ""};
  const auto said = transfer.last_heard().empty() ? transfer.error() : transfer.last_heard();
  return {meaning_of_reply(transfer.reply(), transfer.last_sent()), said};
}

}  // namespace guichet::handover
