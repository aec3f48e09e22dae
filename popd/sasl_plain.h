// The client's one message in SASL PLAIN (RFC 4616 section 2), as it arrives in POP3: in base64 (RFC 5034
// section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guichet::popd {

struct PlainCredentials {
  std::string user;
  std::string password;
};

// Strict base64 (RFC 4648 section 4): no blanks, no missing padding, no stray bits in the last group.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

// nullopt when the message is not of the form authzid NUL authcid NUL passwd, or when it asks to act for
// somebody else (authzid): a maildrop has one user. The octets are the peer's: not to be logged unescaped.
[[nodiscard]] std::optional<PlainCredentials> decode_plain(std::string_view base64);

}  // namespace guichet::popd
