#include "cli/plain_text.h"

#include <algorithm>
#include <iostream>

#include "store/facts.h"

namespace guichet::cli {
namespace {

// Octets of the character at the front as its first octet announces them; whether they are one is asked of
// is_utf8().
std::size_t announced(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t octets = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(octets, text.size());
}

bool is_c1_control(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
}

// U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069, U+061C.
bool reorders(std::string_view character) {
  if (character == "\xD8\x9C") return true;
  if (character.starts_with("\xE2\x80")) {
    const auto last = static_cast<unsigned char>(character.back());
    return last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE);
  }
  return character.starts_with("\xE2\x81") && character.back() >= '\xA6' && character.back() <= '\xA9';
}

bool is_harmless(std::string_view character) {
  if (character.size() == 1) return character[0] >= ' ' && character[0] < '\x7F' && character[0] != '\\';
  return store::is_utf8(character) && !is_c1_control(character) && !reorders(character);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string blanks(std::string_view text, std::size_t columns) {
  return std::string(columns - std::min(columns, characters(text)), ' ');
}

}  // namespace

std::string plain(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = text.substr(0, announced(text));
    const bool harmless = is_harmless(character);
    const auto taken = harmless ? character.size() : 1;
    out += harmless ? std::string(character) : "\\x" + store::hex(text.substr(0, taken));
    text.remove_prefix(taken);
  }
  return out;
}

int complain(std::string_view text) {
  std::cerr << "guichet: " << plain(text) << '\n';
  return 1;
}

std::string left(std::string text, std::size_t columns) {
  text += blanks(text, columns);
  return text;
}

std::string right(std::string text, std::size_t columns) {
  return blanks(text, columns) + text;
}

}  // namespace guichet::cli
