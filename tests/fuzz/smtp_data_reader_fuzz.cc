// In every split, the body that is read equals the one that the simple reference reads.
//
// Input: an octet that chooses the length of pieces, then the text.
#include <algorithm>
#include <string>

#include "smtpd/data_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/smtpd/reference_reader.h"

namespace {

using guichet::smtpd::DataReader;
using guichet::smtpd::test::ReadBody;

// Each piece is a copy of its own, so that a read past its end is seen by the address sanitizer.
ReadBody read_in_pieces(std::string_view text, std::size_t piece_octets) {
  DataReader reader;
  ReadBody read;
  while (!text.empty() && !read.ended) {
    const std::string copy(text.substr(0, piece_octets));
    std::string_view rest = copy;
    while (!rest.empty() && !read.ended) {
      const auto piece = reader.next(rest);
      guichet::fuzz::require(piece.consumed > 0 || !piece.body.empty(), "each piece makes progress");
      rest.remove_prefix(piece.consumed);
      read.consumed += piece.consumed;
      read.body += piece.body;
      read.ended = piece.end;
    }
    text.remove_prefix(copy.size());
  }
  read.ambiguous = reader.ambiguous_dot_line();
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = guichet::fuzz::text_of(data, size).substr(1);
  const auto expected = guichet::smtpd::test::reference_read(text);
  const std::size_t piece_octets = 1 + data[0] % 16;
  guichet::fuzz::require(read_in_pieces(text, size) == expected,
                         "read whole, the body equals the reference's");
  guichet::fuzz::require(read_in_pieces(text, piece_octets) == expected, "read in pieces, it does as well");
  return 0;
}
