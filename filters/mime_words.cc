#include "filters/mime_words.h"

#include <algorithm>
#include <optional>

#include "filters/ascii.h"
#include "filters/message.h"
#include "filters/mime_charset.h"
#include "filters/mime_decoder.h"
#include "filters/mime_grammar.h"
#include "filters/mime_lines.h"

namespace guichet::filters {
namespace {

constexpr std::size_t charset_octets_max = 100;

struct Word {
  std::string charset;  // lower case
  std::string octets;
  std::size_t end = 0;  // behind it
};

// RFC 2047 4.2
std::string q_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool pair = text[at] == '=' && at + 2 < text.size();
    const int high = pair ? hex_digit(text[at + 1]) : -1, low = pair ? hex_digit(text[at + 2]) : -1;
    const bool encoded = high >= 0 && low >= 0;
    out.push_back(encoded ? static_cast<char>(high * 16 + low) : text[at] == '_' ? ' ' : text[at]);
    if (encoded) at += 2;
  }
  return out;
}

std::string b_decoded(std::string_view text) {
  std::string out;
  static_cast<void>(
      decode(text, TransferEncoding::base64, [&](std::string_view octets) { out.append(octets); }));
  return out;
}

// RFC 2047 2: "=?charset?encoding?text?="; RFC 2231 5 puts "*language" behind the charset. The text ends at
// the first "?", so that no text is looked at twice. Longer words than the 75 allowed are common.
std::optional<Word> word_at(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "=?") return std::nullopt;
  const auto charset = text.substr(at + 2, charset_octets_max + 1);
  const auto mark = charset.find('?');
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  const auto begin = at + 2 + mark + 3;
  if (begin > text.size() || text[begin - 1] != '?') return std::nullopt;
  const auto end = text.find('?', begin);
  if (end == std::string_view::npos || text.substr(end, 2) != "?=") return std::nullopt;
  const char encoding = text[begin - 2];
  const bool b = encoding == 'B' || encoding == 'b', q = encoding == 'Q' || encoding == 'q';
  if (!b && !q) return std::nullopt;
  const auto coded = text.substr(begin, end - begin);
  return Word{.charset = lower_case(charset.substr(0, std::min(mark, charset.find('*')))),
              .octets = b ? b_decoded(coded) : q_decoded(coded),
              .end = end + 2};
}

class Decoder {
 public:
  Decoder(std::string_view text, std::size_t octets_max) : text_(text), octets_max_(octets_max) {}

  std::string run() {
    while (at_ < text_.size() && out_.size() < octets_max_)
      step();
    flush();
    return std::move(out_);
  }

 private:
  void step() {
    if (const auto word = word_at(text_, at_)) return take(*word);
    flush();
    const auto next = std::min(text_.find("=?", at_ + 1), text_.size());
    out_ += to_utf8(text_.substr(at_, next - at_), "", octets_max_);
    at_ = next;
  }

  void take(const Word& word) {
    if (word.charset != charset_) flush();
    charset_ = word.charset;
    octets_ += word.octets;
    at_ = word.end;
    const auto next = std::min(text_.find_first_not_of(" \t", at_), text_.size());
    if (text_.substr(next, 2) == "=?" && word_at(text_, next)) at_ = next;
  }

  void flush() {
    if (!octets_.empty()) out_ += to_utf8(octets_, charset_, octets_max_);
    octets_.clear();
  }

  const std::string_view text_;
  const std::size_t octets_max_;
  std::size_t at_ = 0;
  std::string out_;
  std::string charset_, octets_;  // of the words that are not converted yet
};

}  // namespace

std::string decoded_words(std::string_view field_value, std::size_t octets_max) {
  const auto text = unfolded(field_value);
  // A word for each character takes some twenty octets for three. Beyond that are words that mean nothing,
  // of which each could cost a conversion.
  const auto beginning = std::string_view(text).substr(0, 16 * octets_max);
  return one_line(Decoder(beginning, 4 * octets_max).run(), octets_max);
}

}  // namespace guichet::filters
