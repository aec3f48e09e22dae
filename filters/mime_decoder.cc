#include "filters/mime_decoder.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "filters/ascii.h"
#include "filters/message.h"
#include "filters/mime_grammar.h"
#include "filters/mime_lines.h"

namespace guichet::filters {
namespace {

// Gathers octets into pieces.
class Output {
 public:
  explicit Output(const OctetSink& sink) : sink_(sink) {}

  void put(unsigned octet) {
    if (used_ == buffer_.size()) flush();
    buffer_[used_++] = static_cast<char>(octet);
  }
  void put(std::string_view octets) {
    for (const char c : octets)
      put(static_cast<unsigned char>(c));
  }
  void flush() {
    if (used_ > 0) sink_({buffer_.data(), used_});
    used_ = 0;
  }

 private:
  const OctetSink& sink_;
  std::array<char, 16384> buffer_;
  std::size_t used_ = 0;
};

// RFC 2045 6.8, table 1; above 63 what is no digit.
constexpr std::uint8_t skipped = 64, padding = 65, junk = 66;
constexpr auto base64_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(junk);
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < digits.size(); ++i)
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  for (const char c : std::string_view(" \t\r\n"))
    values[static_cast<unsigned char>(c)] = skipped;
  values['='] = padding;
  return values;
}();

std::uint8_t base64_value(char c) {
  return base64_values[static_cast<unsigned char>(c)];
}

class Base64 {
 public:
  Base64(std::string_view encoded, Output& out) : encoded_(encoded), out_(out) {}

  bool run() {
    while (!padded_ && at_ < encoded_.size()) {
      if (digits_ == 0) whole_quanta();
      if (at_ < encoded_.size()) take(base64_value(encoded_[at_++]));
    }
    finish();
    for (; whole_ && at_ < encoded_.size(); ++at_) {
      const auto value = base64_value(encoded_[at_]);
      whole_ = value == skipped || value == padding;
    }
    return whole_;
  }

 private:
  // Almost everything passes here.
  void whole_quanta() {
    for (; encoded_.size() - at_ >= 4; at_ += 4) {
      const unsigned a = base64_value(encoded_[at_]), b = base64_value(encoded_[at_ + 1]);
      const unsigned c = base64_value(encoded_[at_ + 2]), d = base64_value(encoded_[at_ + 3]);
      if ((a | b | c | d) > 63) return;
      put(a << 18 | b << 12 | c << 6 | d, 3);
    }
  }

  void take(std::uint8_t value) {
    if (value == skipped) return;
    if (value == padding) {
      padded_ = true;
      if (digits_ < 2) whole_ = false;
    } else if (value == junk) {
      whole_ = false;
    } else {
      bits_ = bits_ << 6 | value;
      if (++digits_ < 4) return;
      put(bits_, 3);
      bits_ = digits_ = 0;
    }
  }

  // RFC 4648 4: two digits are one octet, three are two; one is none.
  void finish() {
    if (digits_ == 1) whole_ = false;
    if (digits_ > 1) put(bits_ << 6 * (4 - digits_), digits_ - 1);
  }

  void put(unsigned bits, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      out_.put(bits >> (16 - 8 * i) & 0xFF);
  }

  const std::string_view encoded_;
  Output& out_;
  std::size_t at_ = 0;
  unsigned bits_ = 0, digits_ = 0;  // of the quantum that has begun
  bool padded_ = false, whole_ = true;
};

class QuotedPrintable {
 public:
  QuotedPrintable(std::string_view encoded, Output& out) : encoded_(encoded), out_(out) {}

  bool run() {
    while (at_ < encoded_.size()) {
      const char c = encoded_[at_];
      if (c == '=')
        escape();
      else if (is_blank(c))
        blanks();
      else
        out_.put(static_cast<unsigned char>(encoded_[at_++]));
    }
    return whole_;
  }

 private:
  // RFC 2045 6.7 (1), (5)
  void escape() {
    const int high = digit(at_ + 1), low = digit(at_ + 2);
    if (high >= 0 && low >= 0) {
      out_.put(static_cast<unsigned>(high * 16 + low));
      at_ += 3;
      return;
    }
    const auto end = after_blanks(at_ + 1);
    if (end < encoded_.size() && !is_line_end(encoded_[end])) {
      whole_ = false;
      out_.put('=');
      ++at_;
      return;
    }
    at_ = end < encoded_.size() ? end + line_end_octets(encoded_, end) : end;
  }

  // RFC 2045 6.7 (3): blanks at the end of a line were added on the way.
  void blanks() {
    const auto end = after_blanks(at_);
    if (end < encoded_.size() && !is_line_end(encoded_[end])) out_.put(encoded_.substr(at_, end - at_));
    at_ = end;
  }

  [[nodiscard]] std::size_t after_blanks(std::size_t at) const {
    return std::min(encoded_.find_first_not_of(" \t", at), encoded_.size());
  }
  [[nodiscard]] int digit(std::size_t at) const {
    return at < encoded_.size() ? hex_digit(encoded_[at]) : -1;
  }

  const std::string_view encoded_;
  Output& out_;
  std::size_t at_ = 0;
  bool whole_ = true;
};

class Uuencode {
 public:
  Uuencode(std::string_view encoded, Output& out) : encoded_(encoded), out_(out) {}

  bool run() {
    while (at_ < encoded_.size())
      if (begins_uuencode(next_line())) return body();
    return false;
  }

 private:
  bool body() {
    bool whole = true;
    while (at_ < encoded_.size()) {
      const auto line = next_line();
      if (trimmed(line) == "end") return whole;
      if (!line.empty() && !decode_line(line)) whole = false;
    }
    return false;
  }

  // POSIX uuencode: a count of octets, then four digits for three of them. Blanks at the end may have been
  // lost, and stand for zeros.
  bool decode_line(std::string_view line) {
    const unsigned count = value(line, 0);
    for (unsigned i = 0; i < count; ++i) {
      const std::size_t digit = 1 + i / 3 * 4 + i % 3;
      const unsigned shift = 2 * (i % 3 + 1);
      out_.put((value(line, digit) << shift | value(line, digit + 1) >> (6 - shift)) & 0xFF);
    }
    return std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '`'; });
  }

  static unsigned value(std::string_view line, std::size_t at) {
    return at < line.size() ? (static_cast<unsigned char>(line[at]) - 32u) & 63u : 0;
  }

  std::string_view next_line() {
    const auto begin = at_;
    const auto end = std::min(encoded_.find_first_of("\r\n", at_), encoded_.size());
    at_ = end < encoded_.size() ? end + line_end_octets(encoded_, end) : end;
    return encoded_.substr(begin, end - begin);
  }

  const std::string_view encoded_;
  Output& out_;
  std::size_t at_ = 0;
};

template <class Decoder>
bool run(std::string_view encoded, const OctetSink& sink) {
  Output out(sink);
  const bool whole = Decoder(encoded, out).run();
  out.flush();
  return whole;
}

}  // namespace

TransferEncoding transfer_encoding(std::string_view name) {
  if (name.empty() || name == "7bit" || name == "8bit" || name == "binary") return TransferEncoding::identity;
  if (name == "base64") return TransferEncoding::base64;
  if (name == "quoted-printable") return TransferEncoding::quoted_printable;
  if (name == "x-uuencode" || name == "uuencode" || name == "x-uue" || name == "uue")
    return TransferEncoding::uuencode;
  return TransferEncoding::unknown;
}

bool decode(std::string_view encoded, TransferEncoding encoding, const OctetSink& sink) {
  switch (encoding) {
    case TransferEncoding::base64:
      return run<Base64>(encoded, sink);
    case TransferEncoding::quoted_printable:
      return run<QuotedPrintable>(encoded, sink);
    case TransferEncoding::uuencode:
      return run<Uuencode>(encoded, sink);
    case TransferEncoding::identity:
    case TransferEncoding::unknown:
      if (!encoded.empty()) sink(encoded);
      return encoding == TransferEncoding::identity;
  }
  return false;
}

bool begins_uuencode(std::string_view line) {
  if (!line.starts_with("begin ") || line.size() < 11 || line[9] != ' ') return false;
  return std::ranges::all_of(line.substr(6, 3), [](char c) { return c >= '0' && c <= '7'; });
}

}  // namespace guichet::filters
