// Text as JSON strings (RFC 8259 section 7), written by hand: every fact passes here before its
// acknowledgement, and building a document tree first costs ten times as much.
#include <cstdint>

#include "store/facts.h"
#include "store/hex.h"

namespace guichet::store {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr std::uint8_t octet_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// What may stand in a JSON string as it is, of ASCII.
constexpr bool is_plain(char c) {
  return (c >= 0x20) & (c < 0x7F) & (c != '"') & (c != '\\');
}

// The same for a block of fixed size, without a branch in it: compilers make a few vector instructions of it.
constexpr std::size_t block_octets = 32;
bool is_plain_block(const char* block) {
  unsigned char other = 0;
  for (std::size_t i = 0; i < block_octets; ++i)
    other |= static_cast<unsigned char>(!is_plain(block[i]));
  return other == 0;
}

std::size_t plain_run(std::string_view text) {
  std::size_t i = 0;
  while (text.size() - i >= block_octets && is_plain_block(text.data() + i))
    i += block_octets;
  while (i < text.size() && is_plain(text[i]))
    ++i;
  return i;
}

struct Octets {
  std::uint8_t low, high;
};

// The octets that may come second (RFC 3629 section 4): narrower after E0, F0 (no overlong forms), ED (no
// surrogates) and F4 (nothing above U+10FFFF).
constexpr Octets second_octets(std::uint8_t first) {
  switch (first) {
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {0x80, 0xBF};
  }
}

constexpr std::size_t announced_octets(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

// Octets of the character at the front; 0 when there is no whole, allowed one.
std::size_t character_octets(std::string_view text) {
  const std::uint8_t first = octet_at(text, 0);
  const std::size_t octets = announced_octets(first);
  if (octets < 2) return octets;
  if (text.size() < octets) return 0;
  const Octets second = second_octets(first);
  if (octet_at(text, 1) < second.low || octet_at(text, 1) > second.high) return 0;
  for (std::size_t i = 2; i < octets; ++i)
    if ((octet_at(text, i) & 0xC0) != 0x80) return 0;
  return octets;
}

void append_escape(std::string& out, char control) {
  switch (control) {
    case '\x7F':
      out += control;
      return;
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += hex(std::string_view(&control, 1));
  }
}

// Appends what the front of `text` becomes, and gives back how many octets that was.
std::size_t append_other(std::string& out, std::string_view text) {
  if (octet_at(text, 0) < 0x80) {
    append_escape(out, text.front());
    return 1;
  }
  const std::size_t octets = character_octets(text);
  out += octets == 0 ? replacement : text.substr(0, octets);
  return octets == 0 ? 1 : octets;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8 + 2);
  append_json_string(out, text);
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t run = plain_run(text);
    out += text.substr(0, run);
    text.remove_prefix(run);
    if (!text.empty()) text.remove_prefix(append_other(out, text));
  }
  out += '"';
}

bool is_utf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(plain_run(text));
    if (text.empty()) return true;
    const std::size_t octets = character_octets(text);
    if (octets == 0) return false;
    text.remove_prefix(octets);
  }
}

std::string hex(std::string_view octets) {
  std::string text(2 * octets.size(), '\0');
  write_hex(text.data(), {reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
  return text;
}

}  // namespace guichet::store
