// The author domain is the name of a domain that stands in the field, and there is one or a reason why not.
#include <string>

#include "filters/ascii.h"
#include "filters/author.h"
#include "filters/domain_name.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace guichet::filters;
  using guichet::fuzz::require;
  const std::string value(guichet::fuzz::text_of(data, size));
  const auto author = author_of_field(value);
  require(author.domain.empty() != author.why.empty(), "either an author or a reason");
  if (author.domain.empty()) return 0;
  require(is_domain_name(author.domain), "the author domain is the name of a domain");
  require(lower_case(value).find("@" + author.domain) != std::string::npos, "and stands behind an @");
  require(author_of_field(value + ", x@" + author.domain) == author,
          "one more of the same domain changes nothing");
  require(author_of_field(value + ", x@other." + author.domain).domain.empty(),
          "one of another leaves nobody");
  return 0;
}
