#include "filters/seven_zip.h"

#include <algorithm>
#include <bit>

namespace guichet::filters {
namespace {

using namespace std::string_view_literals;

// SignatureHeader: signature (6), version (2), CRC (4); offset of the list from here's end (8), its size (8),
// its CRC (4).
constexpr auto signature = "7z\xBC\xAF\x27\x1C"sv;
constexpr std::size_t start_octets = 32, offset_at = 12, size_at = 20;
constexpr std::size_t list_octets_max = 16 * 1024;

constexpr auto aes_coder = "\x06\xF1\x07\x01"sv;  // Methods.txt: 7zAES
constexpr std::uint64_t end_id = 0x00, header_id = 0x01, properties_id = 0x02, additional_streams_id = 0x03,
                        main_streams_id = 0x04, pack_info_id = 0x06, unpack_info_id = 0x07, sizes_id = 0x09,
                        digests_id = 0x0A, folder_id = 0x0B, encoded_header_id = 0x17;
constexpr std::uint64_t coders_max = 32, streams_max = 32;  // of a folder, of a coder: as 7-Zip has it

std::uint64_t little_endian_64(std::string_view octets, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i)
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(octets[at + i])) << (8 * i);
  return number;
}

// Reads on in the list. Past its end everything is 0, and whole() false: that ends each loop, whatever count
// it was given, as each turn reads an octet at least.
class Reading {
 public:
  explicit Reading(std::string_view rest) : rest_(rest) {}
  [[nodiscard]] bool whole() const { return whole_; }

  std::string_view take(std::uint64_t octets) {
    if (octets > rest_.size()) return fail(), std::string_view();
    const auto taken = rest_.substr(0, static_cast<std::size_t>(octets));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  unsigned octet() {
    const auto taken = take(1);
    return taken.empty() ? 0 : static_cast<unsigned char>(taken.front());
  }
  // As many octets follow the first as it has leading ones, the lowest first; its other bits are the highest.
  std::uint64_t number() {
    const auto first = octet();
    std::uint64_t number = 0;
    for (unsigned i = 0, mask = 0x80; i < 8; ++i, mask >>= 1) {
      if ((first & mask) == 0) return number | static_cast<std::uint64_t>(first & (mask - 1)) << (8 * i);
      number |= static_cast<std::uint64_t>(octet()) << (8 * i);
    }
    return number;
  }
  void numbers(std::uint64_t count) {
    for (; whole_ && count > 0; --count)
      number();
  }
  void fail() {
    whole_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

// Digests: those of all streams, or a bit for each that has one; four octets each.
void pass_digests(Reading& in, std::uint64_t streams) {
  auto defined = streams;
  if (in.octet() == 0) {
    defined = 0;
    for (const char bits : in.take(streams / 8 + (streams % 8 != 0 ? 1 : 0)))
      defined += static_cast<unsigned>(std::popcount(static_cast<unsigned char>(bits)));
  }
  if (defined > list_octets_max) return in.fail();
  in.take(4 * defined);
}

void pass_pack_info(Reading& in) {
  in.number();  // where the packed streams begin
  const auto streams = in.number();
  for (auto id = in.number(); in.whole() && id != end_id; id = in.number()) {
    if (id == sizes_id)
      in.numbers(streams);
    else if (id == digests_id)
      pass_digests(in, streams);
    else
      in.take(in.number());
  }
}

struct Coder {
  bool is_aes = false;
  std::uint64_t inputs = 1, outputs = 1;
};

// Flags: size of its id (the low four bits), 0x10: numbers of streams, 0x20: properties, 0x80: reserved.
Coder read_coder(Reading& in) {
  const auto flags = in.octet();
  const auto id = in.take(flags & 0x0F);
  Coder coder{.is_aes = id == aes_coder};
  if (coder.is_aes) return coder;
  if (flags & 0x10) coder.inputs = in.number(), coder.outputs = in.number();
  if (flags & 0x20) in.take(in.number());
  if ((flags & 0x80) || coder.inputs > streams_max || coder.outputs > streams_max) in.fail();
  return coder;
}

// A folder: coders, and how their streams are bound together.
bool has_aes(Reading& in) {
  const auto coders = in.number();
  if (coders == 0 || coders > coders_max) return in.fail(), false;
  std::uint64_t inputs = 0, outputs = 0;
  for (std::uint64_t i = 0; in.whole() && i < coders; ++i) {
    const auto coder = read_coder(in);
    if (coder.is_aes) return true;
    inputs += coder.inputs, outputs += coder.outputs;
  }
  if (outputs == 0 || inputs < outputs) return in.fail(), false;
  const auto bound = outputs - 1, packed = inputs - bound;
  in.numbers(2 * bound);
  if (packed > 1) in.numbers(packed);
  return false;
}

// StreamsInfo, as far as the coders.
bool streams_need_password(Reading& in) {
  auto id = in.number();
  if (id == pack_info_id) pass_pack_info(in), id = in.number();
  if (id != unpack_info_id || in.number() != folder_id) return false;
  auto folders = in.number();
  if (in.octet() != 0) return false;  // kept elsewhere
  for (; in.whole() && folders > 0; --folders)
    if (has_aes(in)) return true;
  return false;
}

// ArchiveProperties: type, size, octets; up to a type 0.
void pass_properties(Reading& in) {
  for (auto type = in.number(); in.whole() && type != end_id; type = in.number())
    in.take(in.number());
}

bool list_needs_password(std::string_view list) {
  Reading in(list);
  auto id = in.number();
  if (id == encoded_header_id) return streams_need_password(in);
  if (id != header_id) return false;
  id = in.number();
  if (id == properties_id) pass_properties(in), id = in.number();
  return (id == main_streams_id || id == additional_streams_id) && streams_need_password(in);
}

}  // namespace

void SevenZipMarks::see(std::string_view octets) {
  const auto start = octets.substr(0, start_octets - start_.size());
  start_ += start;
  if (start_.size() < start_octets || !start_.starts_with(signature)) return;
  octets.remove_prefix(start.size());
  const auto gap = little_endian_64(start_, offset_at) - packed_octets_;
  const auto passed = std::min<std::uint64_t>(gap, octets.size());
  packed_octets_ += passed;
  octets.remove_prefix(static_cast<std::size_t>(passed));
  const auto wanted = std::min<std::uint64_t>(little_endian_64(start_, size_at), list_octets_max);
  list_ += octets.substr(0, static_cast<std::size_t>(wanted) - list_.size());
}

bool SevenZipMarks::encrypted() const {
  return list_needs_password(list_);
}

}  // namespace guichet::filters
