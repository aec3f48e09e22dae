// Command lines out of pieces of any size, in bounded memory.
//
// A line that is whole in the input is not copied. One that is not is kept here, up to the limit; past the
// limit it is reported once and the rest of it forgotten as it arrives. One that goes on for
// line_flood_octets is nobody's command: that is reported too.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guichet::popd {

inline constexpr std::size_t line_flood_octets = 64 * 1024;

class LineReader {
 public:
  enum class Kind { partial, whole, too_long, flood };

  struct Result {
    Kind kind = Kind::partial;
    std::size_t consumed = 0;  // of the input given
    std::string_view text;  // whole: without its line end, valid until the next read() or change of the input
  };

  // octets_max counts the line end. At least 2.
  explicit LineReader(std::size_t octets_max);

  [[nodiscard]] Result read(std::string_view input);

 private:
  std::size_t discard(std::string_view input);
  [[nodiscard]] bool flooded() const { return discarded_ > line_flood_octets; }
  Result unfinished(std::string_view input, std::size_t room);
  std::string_view join(std::string_view last);

  std::size_t octets_max_;
  std::string held_;         // the beginning of a line whose end has not arrived
  std::string line_;         // the last line that had to be put together
  bool discarding_ = false;  // in the rest of a line that was too long
  std::size_t discarded_ = 0;
};

}  // namespace guichet::popd
