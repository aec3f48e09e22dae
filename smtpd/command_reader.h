// Cuts the client's octets into command lines, in bounded memory (RFC 5321 4.5.3.1.4).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guichet::smtpd {

class CommandReader {
 public:
  enum class Found {
    kNothing,  // all of the input was taken, the line goes on
    kLine,
    kTooLong,  // a line passed octets_max; it has been read to its end and thrown away
    kFlood,    // a line passed flood_octets_max, whether it ended or not: nothing more should be read
  };
  struct Result {
    Found found = Found::kNothing;
    std::size_t consumed = 0;
    std::string_view line;  // without its line end; a view into the input or the reader, until the next call
  };

  // Both limits count the line end.
  CommandReader(std::size_t octets_max, std::size_t flood_octets_max)
      : octets_max_(octets_max), flood_octets_max_(flood_octets_max) {}

  [[nodiscard]] Result next(std::string_view input);
  [[nodiscard]] bool in_line() const { return octets_ > 0; }  // a line has begun and not ended

 private:
  std::size_t octets_max_;
  std::size_t flood_octets_max_;
  std::size_t octets_ = 0;  // of the present line, those thrown away included
  std::string partial_;     // of the present line, when it came in pieces
  std::string line_;        // the last one returned, when it came in pieces
};

}  // namespace guichet::smtpd
