#include "smtpd/command_reader.h"

#include <utility>

namespace guichet::smtpd {

namespace {

// A bare LF ends a command, as Postfix has it: that is what a person on telnet or an old server sends, and
// unlike in DATA no second reading of it exists. CR before it goes with the other trailing blanks.
std::string_view without_line_end(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

CommandReader::Result CommandReader::next(std::string_view input) {
  // Not clear(): thousands of idle sessions would each keep the memory of their longest line.
  std::string().swap(line_);
  const auto lf = input.find('\n');
  const bool complete = lf != std::string_view::npos;
  const auto taken = input.substr(0, complete ? lf + 1 : input.size());

  octets_ += taken.size();
  if (octets_ > flood_octets_max_) return {Found::kFlood, taken.size(), {}};
  const bool too_long = octets_ > octets_max_;
  if (too_long) std::string().swap(partial_);
  if (!complete) {
    if (!too_long) partial_ += taken;
    return {Found::kNothing, taken.size(), {}};
  }

  octets_ = 0;
  if (too_long) return {Found::kTooLong, taken.size(), {}};
  if (partial_.empty()) return {Found::kLine, taken.size(), without_line_end(taken)};
  line_ = std::exchange(partial_, {}) += taken;
  return {Found::kLine, taken.size(), without_line_end(line_)};
}

}  // namespace guichet::smtpd
