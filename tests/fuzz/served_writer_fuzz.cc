// Invariant: a client that undoes the dot-stuffing of what was written has the message again, octet for
// octet; of TOP, the lines that a reader of the whole message would count.
//
// The first octet is TOP's count (255: RETR), the second how the message is cut.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "popd/served_writer.h"
#include "tests/fuzz/fuzz.h"

namespace {

using guichet::fuzz::require;
using Count = std::optional<std::uint64_t>;

// What the writer is promised: every line end is CRLF, the last line has one.
std::string served_form(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    if (c == '\n') out += '\r';
    if (c != '\r') out += c;
  }
  return out.ends_with('\n') ? out : out + "\r\n";
}

std::string written(std::string_view served, Count body_lines, std::size_t piece) {
  guichet::popd::ServedWriter writer(body_lines);
  std::string out;
  for (std::size_t at = 0; at < served.size() && writer.feed(served.substr(at, piece), out); at += piece) {
  }
  writer.finish(out);
  return out;
}

// A client: lines end with CRLF, a dot alone is the end and the last octets there are, other first dots go.
std::string unstuffed(std::string_view answer) {
  std::string out;
  while (!answer.starts_with(".\r\n")) {
    const std::size_t end = answer.find("\r\n");
    require(end != std::string_view::npos, "the answer ends with a dot on a line of its own");
    const std::string_view line = answer.substr(0, end + 2);
    out += line.substr(line.starts_with('.') ? 1 : 0);
    answer.remove_prefix(end + 2);
  }
  require(answer.size() == 3, "nothing follows the final dot");
  return out;
}

// TOP said the slow way.
std::string top(std::string_view served, std::uint64_t body_lines) {
  const std::size_t header = served.starts_with("\r\n") ? 0 : served.find("\r\n\r\n");
  if (header == std::string_view::npos) return std::string(served);
  std::size_t end = header + (header == 0 ? 2 : 4);
  for (; body_lines > 0 && end < served.size(); --body_lines)
    end = served.find('\n', end) + 1;
  return std::string(served.substr(0, end));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string served = served_form(guichet::fuzz::text_of(data + 2, size - 2));
  const Count body_lines = data[0] == 255 ? Count{} : Count{data[0]};
  const std::string expected = body_lines ? top(served, *body_lines) : served;
  for (const std::size_t piece : {served.size(), std::size_t{1}, std::size_t{data[1]} + 1}) {
    require(unstuffed(written(served, body_lines, piece)) == expected,
            "what is unstuffed is the message again");
  }
  return 0;
}
