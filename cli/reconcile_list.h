// What Alaveteli says it holds: Message-IDs, or checksums of what it was given. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace guichet::cli {

enum class ListedBy { message_id, sha1, md5 };

enum class ListColumns { one, id_and_checksum };

struct ReconcileList {
  using Entries = std::set<std::string, std::less<>>;
  ListedBy by = ListedBy::message_id;
  Entries entries;  // bare message ids; lower-case hex; base64
  // Of the second column, by message id: those of one message that went to several requests differ.
  std::map<std::string, Entries, std::less<>> checksums;
  std::size_t unreadable = 0;  // lines of another kind than the first
};

// One entry a line, or the first column of a CSV; quotes around it, and a first line that is a heading, are
// skipped. Of 40 hexadecimal digits it is a SHA-1, of base64 for 16 octets an MD5 (active_storage), else a
// Message-ID. With a second column that is a checksum behind a comma, a tab or a bar; an id without one is an
// entry all the same, and counts as not understood. nullopt: nothing is in it.
[[nodiscard]] std::optional<ReconcileList> parse_list(std::string_view text,
                                                      ListColumns columns = ListColumns::one);

}  // namespace guichet::cli
