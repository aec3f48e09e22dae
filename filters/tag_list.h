// The tag=value lists of RFC 6376 3.2: a DKIM-Signature field, a key record.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::filters {

inline constexpr std::size_t tags_max = 64;  // RFC 6376 knows 13

// Views into the text that was read, which must outlive it.
class TagList {
 public:
  // nullopt: not well-formed, too many tags, or one name twice. RFC 6376 3.2 makes a list with a name twice
  // invalid as a whole; whoever takes the first and whoever takes the last see two different domains in it.
  [[nodiscard]] static std::optional<TagList> read(std::string_view text);

  // Without the white space around it. Names are compared with their case.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;

  // All octets between its "=" and the next ";", white space included; empty where there is no such tag.
  [[nodiscard]] std::string_view raw(std::string_view name) const;

  [[nodiscard]] std::string_view first_name() const;  // "": no tag at all

 private:
  struct Tag {
    std::string_view name, raw;
  };
  [[nodiscard]] const Tag* find(std::string_view name) const;
  [[nodiscard]] bool add(std::string_view spec);

  std::vector<Tag> tags_;
};

// The values between the separators, without the white space around them.
[[nodiscard]] std::vector<std::string_view> parts_of(std::string_view list, char separator);

// RFC 4648 4, white space anywhere in it ignored (RFC 6376 2.10). nullopt: no base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace guichet::filters
