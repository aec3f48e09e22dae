#include "smtpd/recipient_replies.h"

#include <string>

#include "smtpd/request_address.h"

namespace guichet::smtpd {
namespace {

// Beginning and end: the domain tells a human most, and what an address begins with the rest.
std::string shortened(std::string_view text) {
  constexpr std::size_t octets_max = 120, beginning = 70, mark = 3;
  if (text.size() <= octets_max) return std::string(text);
  return std::string(text.substr(0, beginning))
      .append("...")
      .append(text.substr(text.size() - (octets_max - beginning - mark)));
}

std::string at_domain(std::string_view local_part, std::string_view domain) {
  return shortened(std::string(local_part).append("@").append(domain));
}

Reply refused(const RefusedRecipient& recipient, Refusal why, const std::string& text) {
  return {550, "5.1.1", "<" + shortened(recipient.address) + ">: " + text, why};
}

constexpr const char* remedy =
    "please copy the whole address from the page of the request, or reply to the original message";

std::string wrong_hash(const RefusedRecipient& recipient) {
  const auto id = guess_request(recipient.address).id;
  return "the last part of this address does not match " +
         (id ? "request " + std::to_string(*id) : std::string("any request")) + " here; " + remedy;
}

std::string no_request(const RefusedRecipient& recipient) {
  const auto pattern = at_domain(std::string(recipient.prefix) + "request-NUMBER-CODE", recipient.domain);
  return "this is not the address of a request, which looks like " + pattern + "; " + remedy;
}

std::string closed(const RefusedRecipient& recipient) {
  return "this request takes no more messages, and yours was not delivered; its page says why, and " +
         at_domain("postmaster", recipient.domain) + " reads what should be added to it";
}

}  // namespace

Reply refusal_of(RecipientClass recipient_class, const RefusedRecipient& recipient) {
  switch (recipient_class) {
    case RecipientClass::repairable:
      return refused(recipient, Refusal::wrong_request_code, wrong_hash(recipient));
    case RecipientClass::prefix:
      return refused(recipient, Refusal::not_a_request, no_request(recipient));
    case RecipientClass::listed:
      return refused(recipient, Refusal::closed_request, closed(recipient));
    case RecipientClass::genuine:
    case RecipientClass::local:
    case RecipientClass::unknown:
      break;
  }
  return refused(recipient, Refusal::unknown_recipient,
                 "no such recipient here; please check the address you reply to");
}

Reply put_off_guess(std::string_view address) {
  return {450, "4.7.1",
          "<" + shortened(address) +
              ">: too many addresses that are not known here were tried from your network; please try again "
              "in an hour",
          Refusal::too_many_guesses};
}

}  // namespace guichet::smtpd
