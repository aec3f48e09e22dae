// What was read of an argument lies within it and, written in brackets, is read as the same address again.
#include <string>

#include "smtpd/address.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using guichet::fuzz::require;
  const std::string argument(guichet::fuzz::text_of(data, size));
  const auto parse = guichet::smtpd::parse_path(argument);
  if (!parse) return 0;
  require(parse->consumed <= argument.size(), "no more is consumed than there is");
  require(parse->path.local_part.size() <= parse->path.written.size(), "unquoting adds nothing");

  const auto again = guichet::smtpd::parse_path("<" + parse->path.written + ">");
  require(again && again->path == parse->path, "the written form is read again");
  require(again->consumed == parse->path.written.size() + 2, "and in full");
  const auto alone = guichet::smtpd::parse_path(argument.substr(0, parse->consumed));
  require(alone && alone->path == parse->path, "what follows the path changes nothing");
  return 0;
}
