// The octets of RETR and TOP between "+OK" and the final ".CRLF": dot-stuffing (RFC 1939 section 3) and
// TOP's counting of body lines (RFC 1939 section 7), as a filter over the served form, which arrives in
// pieces and whose line ends are all CRLF.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guichet::popd {

class ServedWriter {
 public:
  // body_lines: TOP's count; without it the message is written whole.
  explicit ServedWriter(std::optional<std::uint64_t> body_lines = std::nullopt);

  // Appends the stuffed octets of `piece` to `out`. Returns false when TOP has had its lines: read no more.
  // Pieces may end anywhere, between CR and LF too.
  bool feed(std::string_view piece, std::string& out);

  // Appends ".CRLF".
  void finish(std::string& out);

 private:
  std::string_view wanted(std::string_view piece);
  void end_line();
  void stuff(std::string_view octets, std::string& out);

  std::optional<std::uint64_t> body_lines_left_;
  bool in_header_ = true;
  bool enough_ = false;
  std::uint64_t line_octets_ = 0;  // TOP only: of the line being read, its line end included
  bool at_line_start_ = true;
};

}  // namespace guichet::popd
