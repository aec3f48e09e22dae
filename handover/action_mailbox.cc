#include "handover/action_mailbox.h"

#include "handover/transfer.h"

namespace guichet::handover {

Outcome::Kind meaning_of_status(long status) {
  switch (status) {
    case 204:
      return Outcome::Kind::taken;
    case 408:  // Request Timeout
    case 413:  // Content Too Large: nginx's client_max_body_size
    case 422:
    case 500:
      return Outcome::Kind::refused_for_now;
    default:
      return Outcome::Kind::unreachable;
  }
}

Outcome ActionMailboxDriver::hand_over(const Item& item, store::ServedMessage& octets,
                                       const std::stop_token& stop) {
  Transfer transfer(octets, stop);
  transfer.set(CURLOPT_URL, options_.url);
  transfer.set(CURLOPT_PROTOCOLS_STR, "http,https");
  transfer.set(CURLOPT_TIMEOUT, static_cast<long>(options_.time_limit.count()));
  if (!options_.ca_file.empty()) transfer.set(CURLOPT_CAINFO, options_.ca_file.string());
  transfer.set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
  transfer.set(CURLOPT_USERNAME, "actionmailbox");
  transfer.set(CURLOPT_PASSWORD, options_.password);
  transfer.set(CURLOPT_POST, 1L);
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(item.size_octets));
  transfer.add(CURLOPT_HTTPHEADER, "Content-Type: message/rfc822");
  transfer.add(CURLOPT_HTTPHEADER, "Expect:");  // an answer before the body would save nothing here
  transfer.add(CURLOPT_HTTPHEADER, "User-Agent: Guichet");
  const bool answered = transfer.run();
  if (transfer.unreadable()) return not_readable(*transfer.unreadable());
  if (transfer.stopped()) return {Outcome::Kind::stopped, ""};
  if (answered)
    return {meaning_of_status(transfer.status()), "HTTP status " + std::to_string(transfer.status())};
  // Reached, but too slow or cut off: with this message it may be.
  const bool reached = transfer.code() == CURLE_OPERATION_TIMEDOUT && !transfer.last_sent().empty();
  return {reached ? Outcome::Kind::refused_for_now : Outcome::Kind::unreachable, transfer.error()};
}

}  // namespace guichet::handover
