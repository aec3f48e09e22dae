// The block of a warcinfo record, application/warc-fields (ISO 28500:2017 section 6.2).
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "store/scan.h"

namespace guichet::store {
namespace {

std::map<std::string, std::string, std::less<>> read_fields(std::string_view block) {
  std::map<std::string, std::string, std::less<>> fields;
  while (!block.empty()) {
    const auto end = std::min(block.find("\r\n"), block.size());
    const auto line = block.substr(0, end);
    block.remove_prefix(std::min(end + 2, block.size()));
    if (const auto colon = line.find(": "); colon != std::string_view::npos)
      fields.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return fields;
}

template <class Number>
std::optional<Number> read_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string encode_volume_info(const VolumeInfo& info, std::uint32_t number) {
  std::string out = "software: Guichet\r\nformat: WARC File Format 1.1\r\n";
  const auto add = [&out](std::string_view name, const std::string& value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("guichet-format", std::to_string(info.format));
  add("guichet-volume", std::to_string(number));
  add("guichet-previous-volume", std::to_string(info.previous_volume));
  add("guichet-previous-length", std::to_string(info.previous_length));
  add("guichet-previous-chain", info.previous_chain.hex());
  return out;
}

Result<VolumeInfo> decode_volume_info(std::string_view block) {
  const auto fields = read_fields(block);
  const auto text = [&fields](std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  };
  const auto format = read_number<int>(text("guichet-format"));
  const auto number = read_number<std::uint32_t>(text("guichet-volume"));
  const auto volume = read_number<std::uint32_t>(text("guichet-previous-volume"));
  const auto length = read_number<std::uint64_t>(text("guichet-previous-length"));
  const auto chain = Digest::from_hex(text("guichet-previous-chain"));
  if (!format) return fail(ErrorKind::damaged, "the warcinfo record lacks guichet-format");
  if (*format != volume_format)
    return fail(ErrorKind::foreign, "volume format " + std::to_string(*format) +
                                        ", this release reads format " + std::to_string(volume_format));
  if (!number || !volume || !length || !chain)
    return fail(ErrorKind::damaged, "the warcinfo record lacks a field");
  return VolumeInfo{*format, *volume, *length, *chain, *number};
}

}  // namespace guichet::store
