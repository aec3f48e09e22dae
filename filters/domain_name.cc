#include "filters/domain_name.h"

#include <algorithm>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

constexpr std::size_t label_octets_max = 63;  // RFC 1035 2.3.4
constexpr std::size_t name_octets_max = 253;  // of its 255, less the first length and the root

// RFC 5322 3.2.3
bool is_atext(char c) {
  return is_alphanumeric(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos);
}

template <typename Accepts>
bool is_dotted(std::string_view text, std::size_t label_max, Accepts accepts) {
  std::size_t length = 0;
  for (const char c : text) {
    if (c == '.' && length == 0) return false;
    length = c == '.' ? 0 : length + 1;
    if (length > label_max || (c != '.' && !accepts(c))) return false;
  }
  return length > 0;
}

}  // namespace

bool is_domain_name(std::string_view text) {
  return text.size() <= name_octets_max &&
         is_dotted(text, label_octets_max, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

bool is_within(std::string_view domain, std::string_view parent) {
  if (domain == parent) return true;
  return domain.size() > parent.size() && domain.ends_with(parent) &&
         domain[domain.size() - parent.size() - 1] == '.';
}

bool is_dot_atom(std::string_view text) {
  return is_dotted(text, text.size(), is_atext);
}

}  // namespace guichet::filters
