// The header fields of a message as far as a command needs them: pure, and tolerant of any line ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace guichet::cli {

struct HeaderField {
  std::string name;   // lower case
  std::string value;  // unfolded, without white space around it
};

// Of the beginning of a message, in their order, up to the first empty line or the first line that is no
// field. Lines end as those of the served form do (store/served_form.h).
[[nodiscard]] std::vector<HeaderField> header_fields(std::string_view head);

// The value of the topmost one; nullptr: none.
[[nodiscard]] const std::string* field(const std::vector<HeaderField>& fields, std::string_view name);

// Everything in a value that looks like an address: "A <a@b.example>, c@d.example" has two.
[[nodiscard]] std::vector<std::string> addresses_in(std::string_view value);

// What a message id is compared by: what stands between its brackets, or else its first word.
[[nodiscard]] std::string bare_message_id(std::string_view value);

}  // namespace guichet::cli
