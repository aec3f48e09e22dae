// Invariant: however a message is cut, its served octets and facts are the same; every line end is CRLF, and
// no field of the header has an owned name, but for one Auto-Submitted and Message-IDs that are not empty.
//
// The first octet is the size of the pieces, less one.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "store/served_form.h"
#include "tests/fuzz/fuzz.h"

namespace {

using guichet::fuzz::require;
using guichet::store::ServedTransform;

struct Served {
  std::string octets;
  ServedTransform::Facts facts;
};

Served serve(std::string_view original, std::size_t piece) {
  Served served;
  ServedTransform transform({.version = 1, .owned = guichet::store::owned_fields()});
  const auto sink = [&](std::string_view octets) { served.octets += octets; };
  for (std::size_t at = 0; at < original.size(); at += piece)
    transform.feed(original.substr(at, piece), sink);
  transform.finish(sink);
  served.facts = transform.facts();
  return served;
}

auto all_of(const Served& served) {
  const ServedTransform::Facts& facts = served.facts;
  return std::tuple(served.octets, facts.octets, facts.fields_renamed, facts.line_ends_mended,
                    facts.has_message_id);
}

void require_line_ends(std::string_view served) {
  require(served.empty() || served.ends_with("\r\n"), "the last line has its end");
  for (std::size_t i = 0; i < served.size(); ++i) {
    const bool after_cr = i > 0 && served[i - 1] == '\r';
    require((served[i] == '\n') == after_cr, "CR and LF occur as CRLF only");
  }
}

// As a reader of mail would have it, without regard to what is allowed in a name.
std::string name_of(std::string_view line) {
  std::string name(line.substr(0, line.find(':')));
  name.erase(name.find_last_not_of(" \t") + 1);
  for (char& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

bool is_owned(const std::string& name) {
  const auto owned = guichet::store::owned_fields();
  return name.starts_with("x-guichet-") || std::find(owned.begin(), owned.end(), name) != owned.end();
}

void require_names(std::string_view served) {
  int auto_submitted = 0;
  while (!served.empty() && !served.starts_with("\r\n")) {
    const std::string name = name_of(served.substr(0, served.find("\r\n")));
    require(!is_owned(name), "no field has an owned name");
    auto_submitted += name == "auto-submitted";
    served.remove_prefix(served.find("\r\n") + 2);
  }
  require(auto_submitted <= 1, "there is one Auto-Submitted at most");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view original = guichet::fuzz::text_of(data + 1, size - 1);
  const Served served = serve(original, std::max<std::size_t>(original.size(), 1));
  require(served.facts.octets == served.octets.size(), "the size is known");
  require_line_ends(served.octets);
  require_names(served.octets);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{data[0]} + 1})
    require(all_of(serve(original, piece)) == all_of(served), "no cut changes anything");
  return 0;
}
