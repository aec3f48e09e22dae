#include "popd/line_reader.h"

#include <algorithm>

namespace guichet::popd {
namespace {

// RFC 1939 section 3 ends a line with CRLF. A bare LF is accepted: people type it, and nothing is relayed
// from here that a second reader could divide differently. A CR that is left in the line is a control octet.
std::string_view without_line_end(std::string_view line) {
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

LineReader::LineReader(std::size_t octets_max) : octets_max_(octets_max) {}

LineReader::Result LineReader::read(std::string_view input) {
  const std::size_t skipped = discard(input);
  if (flooded()) return {Kind::flood, skipped, {}};
  input.remove_prefix(skipped);

  const std::size_t room = octets_max_ - held_.size();
  const std::size_t feed = input.substr(0, room).find('\n');
  Result result = feed == std::string_view::npos
                      ? unfinished(input, room)
                      : Result{Kind::whole, feed + 1, join(input.substr(0, feed + 1))};
  result.consumed += skipped;
  return result;
}

std::size_t LineReader::discard(std::string_view input) {
  if (!discarding_) return 0;
  const std::size_t feed = input.find('\n');
  discarding_ = feed == std::string_view::npos;
  const std::size_t skipped = discarding_ ? input.size() : feed + 1;
  discarded_ += skipped;
  return skipped;
}

LineReader::Result LineReader::unfinished(std::string_view input, std::size_t room) {
  if (input.size() > room) {
    held_.clear();
    discarding_ = true;
    discarded_ = 0;
    return {Kind::too_long, room, {}};
  }
  held_.append(input);
  return {Kind::partial, input.size(), {}};
}

std::string_view LineReader::join(std::string_view last) {
  if (held_.empty()) return without_line_end(last);
  held_.append(last);
  line_.swap(held_);
  held_.clear();
  return without_line_end(line_);
}

}  // namespace guichet::popd
