#include "cli/find_message.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <span>

#include "cli/message_facts.h"
#include "cli/moment.h"
#include "cli/pasted_id.h"
#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

constexpr std::size_t listed_max = 10;

// Lines of their own, since what is complained of is one line.
store::Result<void> list_candidates(StoreView& store, std::span<const store::MessageRow> rows) {
  for (const auto& row : rows) {
    const auto facts = facts_of(store, row, Verdicts::left_out);
    if (!facts) return tl::unexpected(facts.error());
    std::cerr << row.message.uuid.text() << "  " << to_seconds(row.received) << "  "
              << sender_in_words(*facts) << '\n';
  }
  return {};
}

store::Result<store::MessageRow> ambiguous(StoreView& store, const std::string& id,
                                           std::span<const store::MessageRow> rows) {
  const auto listed = rows.first(std::min(rows.size(), listed_max));
  if (const auto done = list_candidates(store, listed); !done) return tl::unexpected(done.error());
  return store::fail(store::ErrorKind::io, "\"" + id + "\" begins more than one message: " +
                                               (rows.size() > listed_max ? "these and more" : "these"));
}

}  // namespace

store::Result<store::MessageRow> find_message(StoreView& store, const std::string& text) {
  const auto id = pasted_id(text);
  if (!id) return tl::unexpected(id.error());
  const auto found = store.index->matching(*id, listed_max + 1);
  if (!found) return tl::unexpected(found.error());
  if (found->empty())
    return store::fail(store::ErrorKind::absent,
                       "no message has an id or digest that begins with \"" + *id + "\"");
  return found->size() == 1 ? found->front() : ambiguous(store, *id, *found);
}

store::Result<std::vector<store::MessageRow>> find_messages(StoreView& store,
                                                            const std::vector<std::string>& texts) {
  std::vector<store::MessageRow> rows;
  std::set<store::MessageId> known;
  for (const auto& text : texts) {
    const auto row = find_message(store, text);
    if (!row) return tl::unexpected(row.error());
    if (known.insert(row->message).second) rows.push_back(*row);
  }
  return rows;
}

}  // namespace guichet::cli
