#include "filters/header_gaps.h"

namespace guichet::filters {
namespace {

constexpr std::size_t line_end_octets_max = 65;  // 64 CRs and an LF

}  // namespace

// One field begins where the line end of the one before it ends, unless one between them was left out. Before
// the first there may be the lines of a mailbox: these are no fields, and shorter than one that is left out.
bool has_fields_left_out(const Message& message) {
  if (message.header_too_large) return true;
  const auto* end = message.header.data();
  std::size_t gap_max = field_octets_max;
  for (const auto& field : message.fields) {
    if (static_cast<std::size_t>(field.whole.data() - end) > gap_max) return true;
    end = field.whole.data() + field.whole.size();
    gap_max = line_end_octets_max;
  }
  return static_cast<std::size_t>(message.header.data() + message.header.size() - end) > gap_max;
}

}  // namespace guichet::filters
