#include "filters/author.h"

#include <algorithm>

#include "filters/ascii.h"
#include "filters/domain_name.h"
#include "filters/header_gaps.h"

namespace guichet::filters {
namespace {

constexpr unsigned comment_depth_max = 10;

Author nobody(std::string_view why) {
  return {.domain = "", .why = std::string(why)};
}

// RFC 5322 3.2.3, and UTF-8 (RFC 6532 3.2)
bool is_word(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || is_dot_atom({&c, 1});
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// What a reader that knows no quoting, or decodes too much (RFC 2047 5 allows no encoded word in an address),
// would take for another address.
bool looks_like_addresses(std::string_view text) {
  return text.find_first_of("@<>,;") != std::string_view::npos || text.find("=?") != std::string_view::npos;
}

// Walks over a mailbox-list. Each function takes what it is named after, and is false where there is none.
class AuthorReader {
 public:
  explicit AuthorReader(std::string_view text) : text_(text) {}

  Author run() {
    do {
      if (!mailbox()) return nobody(why_);
    } while (take(','));
    if (at_ < text_.size()) return nobody(why_);
    return {.domain = domain_, .why = ""};
  }

 private:
  // mailbox = name-addr / addr-spec; a phrase and the local part of an address begin alike.
  bool mailbox() {
    if (!skip_comments()) return false;
    const auto begin = at_;
    if (address() && skip_comments() && at_end_of_mailbox()) return true;
    at_ = begin;
    return phrase() && angle_address() && skip_comments() && at_end_of_mailbox();
  }

  [[nodiscard]] bool at_end_of_mailbox() const { return at_ == text_.size() || text_[at_] == ','; }

  bool angle_address() { return take('<') && address() && take('>'); }

  // A display name; a dot in it is obsolete and common ("J. Public"). An "@" in it must be quoted.
  bool phrase() {
    while (skip_comments() && at_ < text_.size() && text_[at_] != '<') {
      if (text_[at_] == '"' ? !quoted_string() : !words()) return false;
    }
    return at_ < text_.size();
  }

  bool words() {
    const auto begin = at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.'))
      ++at_;
    return at_ > begin;
  }

  // addr-spec, in one piece
  bool address() {
    const auto begin = at_;
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (quoted ? !quoted_string() : !words()) return false;
    const auto local_part = text_.substr(begin, at_ - begin);
    return !looks_like_addresses(local_part) && take('@') && domain();
  }

  bool domain() {
    const auto begin = at_;
    if (!words()) return false;
    const auto name = text_.substr(begin, at_ - begin);
    if (!is_domain_name(name)) return refuse("the domain of the From address is not the name of a domain");
    const auto lower = lower_case(name);
    if (!domain_.empty() && lower != domain_) return refuse("the From addresses are of several domains");
    domain_ = lower;
    return true;
  }

  bool quoted_string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return ++at_, true;
      if (text_[at_] == '\\') ++at_;
    }
    return false;
  }

  // White space and comments (CFWS). False at a comment that does not end, or could hide an address.
  bool skip_comments() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '(')) {
      if (text_[at_] != '(') {
        ++at_;
        continue;
      }
      const auto begin = at_;
      if (!comment() || looks_like_addresses(text_.substr(begin, at_ - begin))) return false;
    }
    return true;
  }

  bool comment() {
    unsigned depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\') ++at_;
      if (c == '(' && ++depth > comment_depth_max) return false;
      if (c == ')' && --depth == 0) return ++at_, true;
    }
    return false;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool refuse(std::string_view why) {
    why_ = why;
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::string domain_;
  std::string_view why_ = "the From field can be read in more than one way";
};

}  // namespace

Author author_of_field(std::string_view value) {
  const auto text = unfolded(value);
  if (std::any_of(text.begin(), text.end(), is_control))
    return nobody("the From field has control characters");
  if (text.empty()) return nobody("the From field is empty");
  return AuthorReader(text).run();
}

Author author_of(const Message& message) {
  if (has_fields_left_out(message)) return nobody("the header is too large to be read whole");
  const auto values = message.values("From");
  if (values.empty()) return nobody("there is no From field");
  if (values.size() > 1) return nobody("there are several From fields");
  return author_of_field(values.front());
}

}  // namespace guichet::filters
