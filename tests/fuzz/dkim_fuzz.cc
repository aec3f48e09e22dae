// Whatever a message and a key record hold, no more than five signatures are judged, and each passes or has a
// reason why not. The first line of the input is the record.
#include <algorithm>
#include <string>

#include "filters/dkim.h"
#include "filters/dkim_signature.h"
#include "filters/domain_name.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace guichet::filters;
using guichet::fuzz::require;

class OneRecord : public Names {
 public:
  explicit OneRecord(std::string record) : record_(std::move(record)) {}
  NameAnswer ask(const NameQuestion& question) override {
    require(is_domain_name(question.name), "only names of domains are asked for");
    return {.outcome = NameAnswer::Outcome::found, .records = {record_}};
  }

 private:
  std::string record_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const DkimVerifier verifier;
  const auto text = guichet::fuzz::text_of(data, size);
  const auto line = std::min(text.find('\n'), text.size());
  OneRecord names{std::string(text.substr(0, line))};
  const auto found =
      verifier.verify(split(text.substr(std::min(line + 1, text.size()))), names, 1'700'000'000);
  require(found.signatures.size() <= dkim_signatures_max, "no more than five are judged");
  for (const auto& signature : found.signatures) {
    require(signature.result != AuthResult::none, "each is judged");
    require((signature.result == AuthResult::pass) == signature.why.empty(),
            "and why it does not pass is said");
    require(signature.result != AuthResult::pass || is_domain_name(signature.domain),
            "who passes has a name");
  }
  return 0;
}
