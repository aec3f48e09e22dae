// The words behind a path, behind BDAT, XCLIENT and XFORWARD. What is read of them has no control octets and
// is read the same again; blanks change nothing; what is refused is refused by a reply of the right kind.
#include <algorithm>
#include <string>

#include "smtpd/ascii.h"
#include "smtpd/client_attributes.h"
#include "smtpd/grammar.h"
#include "tests/fuzz/fuzz.h"

namespace {

using guichet::fuzz::require;
using guichet::smtpd::ClientAttributes;
using guichet::smtpd::Reply;

void require_refusal(const Reply& reply) {
  require(reply.code == 501 || reply.code == 552 || reply.code == 555, "the reply is one of syntax or size");
}

void mail(const std::string& text) {
  const auto read = guichet::smtpd::parse_mail_parameters(text);
  if (!read) return require_refusal(read.error());
  const auto again = guichet::smtpd::parse_mail_parameters("  " + text + " ");
  require(again && again->size_declared == read->size_declared &&
              again->body_8bitmime == read->body_8bitmime && again->smtputf8 == read->smtputf8,
          "blanks change nothing");
}

void recipient(const std::string& text) {
  if (const auto refusal = guichet::smtpd::refuse_rcpt_parameters(text)) require_refusal(*refusal);
}

void chunk(const std::string& text) {
  const auto size = guichet::smtpd::parse_chunk_size(text);
  if (!size) return;
  require(!text.empty() && text.front() >= '0' && text.front() <= '9', "it begins with a digit");
}

void require_harmless(const std::optional<std::string>& value) {
  require(!value || std::none_of(value->begin(), value->end(), guichet::smtpd::ascii_control),
          "no control octets");
}

void attributes(const std::string& text, auto parse, auto client_of) {
  const auto told = parse(text, ClientAttributes{});
  if (!told) return require_refusal(told.error());
  for (const auto& value : {told->name, told->address, told->protocol, told->helo, told->ident})
    require_harmless(value);
  const auto client = client_of(guichet::smtpd::Client{.address = "192.0.2.1", .port = 25}, *told);
  if (!told->address || told->address->empty()) return;
  require(told->local || client.address == *told->address, "the client is the one that was told of");
  const auto prefix = told->address->find(':') == std::string::npos ? "ADDR=" : "ADDR=IPV6:";
  const auto again = parse(prefix + *told->address, ClientAttributes{});
  require(again && again->address == told->address, "an address is read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string text(guichet::fuzz::text_of(data + 1, size - 1));
  switch (data[0] % 5) {
    case 0:
      mail(text);
      break;
    case 1:
      recipient(text);
      break;
    case 2:
      chunk(text);
      break;
    case 3:
      attributes(text, guichet::smtpd::parse_xclient, guichet::smtpd::told_by_xclient);
      break;
    default:
      attributes(text, guichet::smtpd::parse_xforward, guichet::smtpd::told_by_xforward);
  }
  return 0;
}
