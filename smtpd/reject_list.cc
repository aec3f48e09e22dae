#include "smtpd/reject_list.h"

#include <algorithm>
#include <utility>

#include "smtpd/ascii.h"

namespace guichet::smtpd {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), ascii_lower);
  return text;
}

bool is_address(std::string_view word) {
  const auto at = word.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < word.size();
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view white = " \t\r";
  const auto first = line.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(white) - first + 1);
}

}  // namespace

RejectList::RejectList(std::string text) : text_(lower(std::move(text))) {
  std::string_view rest(text_);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    add(trimmed(line), number);
  }
  std::ranges::sort(addresses_);
  addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
}

void RejectList::add(std::string_view line, std::size_t number) {
  if (line.empty() || line.front() == '#') return;
  const auto address = first_word(line);
  const auto action = first_word(skip_blanks(line.substr(address.size())));
  if (is_address(address) && (action.empty() || action == "reject")) return addresses_.push_back(address);
  if (flaws_++ == 0) first_flaw_ = number;
}

bool RejectList::contains(std::string_view address) const {
  return !addresses_.empty() && std::ranges::binary_search(addresses_, lower(std::string(address)));
}

}  // namespace guichet::smtpd
