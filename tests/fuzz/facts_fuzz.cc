// Arbitrary octets as the block of a metadata record: what is taken for a fact is written as one that says
// the same, and is written the same way again.
#include <string>

#include "store/facts.h"
#include "tests/fuzz/fuzz.h"

using namespace guichet::store;
using guichet::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto fact = decode_fact(guichet::fuzz::text_of(data, size));
  if (!fact) {
    require(fact.error().kind == ErrorKind::damaged || fact.error().kind == ErrorKind::foreign,
            "what is no fact is damaged, or of a later release");
    return 0;
  }
  const auto written = encode_fact(*fact);
  require(is_utf8(written), "a fact is written in UTF-8");
  const auto again = decode_fact(written);
  require(again.has_value(), "what was written can be read");
  require(*again == *fact, "and says the same");
  require(message_of(*again) == message_of(*fact), "about the same message");
  require(encode_fact(*again) == written, "and is written the same way again");
  return 0;
}
