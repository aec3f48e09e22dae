// What Alaveteli says it holds: Message-IDs, or checksums of what it was given. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace guichet::cli {

enum class ListedBy { message_id, sha1, md5 };

struct ReconcileList {
  ListedBy by = ListedBy::message_id;
  std::set<std::string, std::less<>> entries;  // bare message ids; lower-case hex; base64
  std::size_t unreadable = 0;                  // lines of another kind than the first
};

// One entry a line, or the first column of a CSV; quotes around it, and a first line that is a heading, are
// skipped. Of 40 hexadecimal digits it is a SHA-1, of base64 for 16 octets an MD5 (active_storage), else a
// Message-ID. nullopt: nothing is in it.
[[nodiscard]] std::optional<ReconcileList> parse_list(std::string_view text);

}  // namespace guichet::cli
