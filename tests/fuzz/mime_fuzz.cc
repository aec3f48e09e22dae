// Of whatever octets there is an inventory: each part lies within them, has the size and digest that
// extract() gives out, and every text is UTF-8 on one line.
#include "filters/mime.h"

#include <algorithm>
#include <string>

#include "filters/mime_extract.h"
#include "store/facts.h"
#include "store/hash.h"
#include "tests/fuzz/fuzz.h"

namespace {

using guichet::fuzz::require;

void require_text(const std::string& text, std::size_t octets_max) {
  require(guichet::store::is_utf8(text), "text is UTF-8");
  require(text.size() <= octets_max, "text is bounded");
  require(std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }),
          "and has no control");
}

void require_part(std::string_view octets, const guichet::filters::PartFinding& part) {
  require(part.offset <= octets.size() && part.length <= octets.size() - part.offset, "a part lies within");
  for (const auto* text :
       {&part.number, &part.type, &part.name, &part.charset, &part.disposition, &part.encoding})
    require_text(*text, 1000);
  std::uint64_t size_octets = 0;
  guichet::store::Sha256 hasher;
  const bool given = guichet::filters::extract(octets, part, [&](std::string_view piece) {
    size_octets += piece.size();
    hasher.update(piece);
  });
  require(given && size_octets == part.size_octets, "a part has its size");
  require("sha256:" + hasher.finish().hex() == part.digest, "a part has its digest");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto octets = guichet::fuzz::text_of(data, size);
  const auto found = guichet::filters::inventory(octets);
  for (const auto& part : found.parts)
    require_part(octets, part);
  for (const auto* text : {&found.subject, &found.from, &found.to, &found.date, &found.message_id,
                           &found.in_reply_to, &found.auto_submitted})
    require_text(*text, 1000);
  require(!found.too_complex.empty() || !found.parts.empty(), "what is whole has a part");
  require(found == guichet::filters::inventory(octets), "and is the same again");
  return 0;
}
