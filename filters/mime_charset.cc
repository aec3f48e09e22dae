#include "filters/mime_charset.h"

#include <iconv.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <unordered_map>

#include "filters/ascii.h"
#include "filters/mime_grammar.h"

namespace guichet::filters {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// As mail names them, and what they are read as. Latin-1 is read as its superset windows-1252, as browsers
// do: nobody means the controls at 0x80. GB2312 and KS C 5601 stand for their supersets as well.
struct Charset {
  std::string_view name, converter;
};
constexpr Charset charsets[] = {
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "ISO-8859-11"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"latin-9", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"cp1251", "WINDOWS-1251"},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"macintosh", "MACINTOSH"},
    {"ibm850", "IBM850"},
    {"cp850", "IBM850"},
    {"utf-7", "UTF-7"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"euc-kr", "UHC"},
    {"ks_c_5601-1987", "UHC"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"tis-620", "TIS-620"},
    {"windows-874", "CP874"},
};

// Kept open for as long as the process lives.
class Converters {
 public:
  Converters() {
    for (const auto& charset : charsets)
      if (const auto converter = opened(charset.converter); converter != none())
        by_name_.emplace(charset.name, converter);
  }
  Converters(const Converters&) = delete;
  Converters& operator=(const Converters&) = delete;
  ~Converters() {
    for (const auto& [name, converter] : opened_)
      if (converter != none()) ::iconv_close(converter);
  }

  static iconv_t none() { return reinterpret_cast<iconv_t>(std::intptr_t{-1}); }
  [[nodiscard]] iconv_t find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? none() : found->second;
  }

 private:
  iconv_t opened(std::string_view converter) {
    const auto [at, is_new] = opened_.try_emplace(converter, none());
    if (is_new) at->second = ::iconv_open("UTF-8", std::string(converter).c_str());
    return at->second;
  }

  std::unordered_map<std::string_view, iconv_t> opened_;
  std::unordered_map<std::string_view, iconv_t> by_name_;
};

const Converters& converters() {
  static const Converters all;
  return all;
}

std::uint8_t octet(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// RFC 3629 section 4: the second octet is narrower after E0, F0 (overlong), ED (surrogates), F4 (too high).
bool second_octet_fits(std::uint8_t first, std::uint8_t second) {
  const std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

std::string mended_utf8(std::string_view text, std::size_t octets_max) {
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() < octets_max;) {
    const auto length = utf8_octets(text, at);
    out += length == 0 ? replacement : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_octets(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string ascii_of(std::string_view octets, std::size_t octets_max) {
  std::string out;
  for (std::size_t at = 0; at < octets.size() && out.size() < octets_max; ++at)
    out += octet(octets, at) < 0x80 ? octets.substr(at, 1) : replacement;
  return out;
}

std::string converted(iconv_t converter, std::string_view octets, std::size_t octets_max) {
  ::iconv(converter, nullptr, nullptr, nullptr, nullptr);  // as if new
  auto* in = const_cast<char*>(octets.data());             // POSIX's signature; it is not written to
  std::size_t left = octets.size();
  std::string out;
  while (left > 0 && out.size() < octets_max) {
    std::array<char, 512> buffer;
    char* end = buffer.data();
    std::size_t room = buffer.size();
    const auto done = ::iconv(converter, &in, &left, &end, &room);
    const int why = errno;
    out.append(buffer.data(), end);
    if (done != static_cast<std::size_t>(-1) || why == E2BIG) continue;
    out += replacement;
    if (why != EILSEQ) break;  // ends inside a character
    ++in;
    --left;
  }
  // iconv gives out only what is valid, yet this is what everybody relies on.
  return mended_utf8(out, octets_max);
}

bool is_ascii_name(std::string_view charset) {
  return charset.empty() || charset == "us-ascii" || charset == "ascii" || charset == "ansi_x3.4-1968";
}

// Of a character of one_line(): what is shown for it.
std::string_view shown(std::string_view character) {
  const auto first = octet(character, 0);
  if (first < 0x20 || first == 0x7F) return " ";
  if (first == 0xC2 && octet(character, 1) < 0xA0) return " ";                 // C1 controls
  if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") return " ";  // U+2028, U+2029: line ends
  const bool embeds = character >= "\xE2\x80\xAA" && character <= "\xE2\x80\xAE";    // U+202A to U+202E
  const bool isolates = character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9";  // U+2066 to U+2069
  return embeds || isolates ? replacement : character;
}

}  // namespace

void prepare_charsets() {
  static_cast<void>(converters());
}

std::size_t utf8_octets(std::string_view text, std::size_t at) {
  const auto first = octet(text, at);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() - at < length || !second_octet_fits(first, octet(text, at + 1))) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((octet(text, at + i) & 0xC0) != 0x80) return 0;
  return length;
}

std::string to_utf8(std::string_view octets, std::string_view charset, std::size_t octets_max) {
  const auto name = lower_case(charset);
  if (name == "utf-8" || name == "utf8") return mended_utf8(octets, octets_max);
  if (is_ascii_name(name))
    return is_utf8(octets) ? mended_utf8(octets, octets_max) : to_utf8(octets, "windows-1252", octets_max);
  const auto converter = converters().find(name);
  if (converter == Converters::none()) return ascii_of(octets, octets_max);
  return converted(converter, octets, octets_max);
}

std::string one_line(std::string_view text, std::size_t octets_max) {
  text = trimmed(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_octets(text, at);
    const auto next = length == 0 ? replacement : shown(text.substr(at, length));
    if (out.size() + next.size() > octets_max) break;
    out += next;
    at += length == 0 ? 1 : length;
  }
  return std::string(trimmed(out));
}

}  // namespace guichet::filters
