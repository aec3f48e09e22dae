#include "cli/find_message.h"

#include <utility>

namespace guichet::cli {

store::Result<store::MessageRow> find_message(store::IndexReader& index, const std::string& id) {
  constexpr std::size_t shown_max = 3;
  auto found = index.matching(id, shown_max);
  if (!found) return tl::unexpected(found.error());
  if (id.empty() || found->empty())
    return store::fail(store::ErrorKind::absent,
                       "no message has an id or digest that begins with \"" + id + "\"");
  if (found->size() == 1) return found->front();
  std::string text = "\"" + id + "\" begins more than one message:";
  for (const auto& row : *found)
    text += " " + row.message.uuid.text();
  return store::fail(store::ErrorKind::io, text + (found->size() == shown_max ? " and perhaps more" : ""));
}

store::Result<std::vector<store::MessageRow>> find_messages(store::IndexReader& index,
                                                            const std::vector<std::string>& ids) {
  std::vector<store::MessageRow> rows;
  for (const auto& id : ids) {
    auto row = find_message(index, id);
    if (!row) return tl::unexpected(row.error());
    rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace guichet::cli
