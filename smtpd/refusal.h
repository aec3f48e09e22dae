// Why a reply refuses. Each reason is one word in the log, one counter ("smtp.refused." and the word) and one
// value of `reason` in what is kept of refusals; smtpd/README.md has a row for each, and a test compares.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace guichet::smtpd {

enum class Refusal {
  unnamed,  // a reply that gives no reason; no reply of this room does so
  bad_parameter,
  bad_recipient,
  bad_sender,
  bad_size,
  bad_syntax,
  bare_line_end,
  bdat,
  closed_request,
  closing_down,
  control_octets,
  denied,
  early_data,
  early_talker,
  early_tls,
  greylisted,
  line_flood,
  line_too_long,
  listed,
  no_descriptors,
  no_recipients,
  no_room,
  no_room_for_files,
  not_a_request,
  not_authorized,
  not_implemented,
  not_smtp,
  out_of_memory,
  out_of_order,
  session_too_long,
  spam,
  store_failed,
  store_stopped,
  time_out,
  time_out_in_body,
  time_out_in_command,
  too_large,
  too_many_bodies,
  too_many_errors,
  too_many_guesses,
  too_many_messages_of_address,
  too_many_recipients,
  too_many_recipients_of_address,
  too_many_sessions,
  too_many_sessions_of_address,
  too_slow,
  unknown_command,
  unknown_recipient,
  wrong_request_code,
};

// In the order of the enumeration.
inline constexpr auto refusal_names = std::to_array<std::string_view>({
    "unnamed",
    "bad_parameter",
    "bad_recipient",
    "bad_sender",
    "bad_size",
    "bad_syntax",
    "bare_line_end",
    "bdat",
    "closed_request",
    "closing_down",
    "control_octets",
    "denied",
    "early_data",
    "early_talker",
    "early_tls",
    "greylisted",
    "line_flood",
    "line_too_long",
    "listed",
    "no_descriptors",
    "no_recipients",
    "no_room",
    "no_room_for_files",
    "not_a_request",
    "not_authorized",
    "not_implemented",
    "not_smtp",
    "out_of_memory",
    "out_of_order",
    "session_too_long",
    "spam",
    "store_failed",
    "store_stopped",
    "time_out",
    "time_out_in_body",
    "time_out_in_command",
    "too_large",
    "too_many_bodies",
    "too_many_errors",
    "too_many_guesses",
    "too_many_messages_of_address",
    "too_many_recipients",
    "too_many_recipients_of_address",
    "too_many_sessions",
    "too_many_sessions_of_address",
    "too_slow",
    "unknown_command",
    "unknown_recipient",
    "wrong_request_code",
});
static_assert(refusal_names.size() == static_cast<std::size_t>(Refusal::wrong_request_code) + 1);

[[nodiscard]] constexpr std::string_view name_of(Refusal why) {
  return refusal_names[static_cast<std::size_t>(why)];
}

// Where in the session it was refused.
enum class Stage { connect, hello, tls, command, mail, recipient, data, body, end_of_data, waiting };

[[nodiscard]] constexpr std::string_view name_of(Stage stage) {
  constexpr auto names = std::to_array<std::string_view>(
      {"connect", "hello", "tls", "command", "mail", "rcpt", "data", "body", "end_of_data", "waiting"});
  return names[static_cast<std::size_t>(stage)];
}

}  // namespace guichet::smtpd
