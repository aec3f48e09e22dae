// What DataReader must do, written for being evidently right: the whole text at hand, one octet at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guichet::smtpd::test {

struct ReadBody {
  std::string body;
  std::size_t consumed = 0;
  bool ended = false;
  bool ambiguous = false;

  friend bool operator==(const ReadBody&, const ReadBody&) = default;
};

// When the text stops before its end of data, octets that may still be part of it (".", ".\r") are consumed
// and not in the body.
inline ReadBody reference_read(std::string_view text) {
  // The line of DATA came before, with its CRLF.
  const std::string whole = "\r\n" + std::string(text);
  const auto at = [&](std::size_t i) { return i < whole.size() ? whole[i] : '\xff'; };
  const auto line_end = [](char c) { return c == '\r' || c == '\n'; };
  ReadBody read;
  for (std::size_t i = 2; i < whole.size(); ++i) {
    const bool after_crlf = whole[i - 1] == '\n' && whole[i - 2] == '\r';
    const bool dot = whole[i] == '.';
    if (dot && after_crlf && at(i + 1) == '\r' && at(i + 2) == '\n') {
      read.consumed = i + 3 - 2;
      read.ended = true;
      return read;
    }
    if (dot && line_end(whole[i - 1]) && line_end(at(i + 1))) {
      const bool may_be_the_end = after_crlf && at(i + 1) == '\r' && i + 2 == whole.size();
      if (!may_be_the_end) read.ambiguous = true;
    }
    if (!(dot && after_crlf)) read.body += whole[i];
    const bool withheld_cr = i + 1 == whole.size() && whole[i] == '\r' && i >= 3 && whole[i - 1] == '.' &&
                             whole[i - 2] == '\n' && whole[i - 3] == '\r';
    if (withheld_cr) read.body.pop_back();
  }
  read.consumed = text.size();
  return read;
}

}  // namespace guichet::smtpd::test
