#include "cli/import_clues.h"

#include <cstdlib>

#include "cli/mail_date.h"

namespace guichet::cli {
namespace {

using store::Instant;

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t zones_us = 26 * 3600 * second_us;  // from UTC-12 to UTC+14

std::optional<Instant> received_date(const std::vector<HeaderField>& fields) {
  const auto* received = field(fields, "received");
  return received ? parse_mail_date(*received) : std::nullopt;
}

// "1692345678.M12P3.host": of this millennium, and not of tomorrow.
std::optional<Instant> date_of_name(std::string_view name, Instant now) {
  const auto digits = name.substr(0, name.find_first_not_of("0123456789"));
  if (digits.size() < 9 || digits.size() > 10 || !name.substr(digits.size()).starts_with('.'))
    return std::nullopt;
  const Instant at{std::atoll(std::string(digits).c_str()) * second_us};
  return at.unix_us <= now.unix_us + 86'400 * second_us ? std::optional(at) : std::nullopt;
}

}  // namespace

std::optional<std::string> recipient_of(const std::vector<HeaderField>& fields, const IsOurs& is_ours) {
  for (const std::string_view name : {"x-original-to", "delivered-to", "envelope-to"})
    for (const auto& [field_name, value] : fields)
      if (field_name == name)
        for (auto& address : addresses_in(value))
          if (is_ours(address)) return address;
  for (const std::string_view name : {"to", "cc"})
    for (const auto& [field_name, value] : fields)
      if (field_name == name)
        for (auto& address : addresses_in(value))
          if (address.find("request-") != std::string::npos && is_ours(address)) return address;
  return std::nullopt;
}

std::string sender_of(const std::vector<HeaderField>& fields) {
  const auto* path = field(fields, "return-path");
  if (!path) return "";
  const auto addresses = addresses_in(*path);
  return addresses.empty() ? "" : addresses.front();
}

Dated date_in_maildir(std::string_view unique_name, const std::vector<HeaderField>& fields, Instant file_time,
                      Instant now) {
  if (const auto at = date_of_name(unique_name, now)) return {*at, "the name of the file"};
  if (const auto at = received_date(fields)) return {*at, "its Received field"};
  return {file_time, "the time of the file"};
}

Dated date_in_mbox(std::string_view from_line, const std::vector<HeaderField>& fields) {
  const auto said = parse_from_line(from_line).value_or(Instant{});
  const auto received = received_date(fields);
  if (received && std::llabs(received->unix_us - said.unix_us) <= zones_us)
    return {*received, "its Received field"};
  return {said, "its From_ line"};
}

}  // namespace guichet::cli
